"""Bringing the store in line: what is written, and how little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.neutron.keeping import differences
from damselfly.neutron.keeping.comparing import PREFIXES
from damselfly.neutron.translate import Kind, Target
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored
from tests.neutron_driver.world import World

GROUP = Target(Kind.GROUP, "g")
PORT = Target(Kind.PORT, "p")


def made_rule(number: int, group: str = "g") -> tuple[Target, Rule]:
    rule = Rule(f"r{number}", group, Direction.INGRESS, IPV4, 6, number, number)
    return Target(Kind.RULE, rule.id, group), rule


def made_port(*groups: str) -> Port:
    return Port(
        "p", "n", 2, fixed_ips=(Prefix.parse("10.0.0.7"),), security_groups=groups, host="h"
    )


@pytest.fixture
def world() -> World:
    """A group with 1,000 rules, a network and a port, all in the store."""
    world = World()
    things: list[tuple[Target, Stored]] = [
        (GROUP, SecurityGroup("g", "web")),
        (Target(Kind.NETWORK, "n"), Network("n", "blue", 5)),
        (PORT, made_port("g")),
        *(made_rule(number) for number in range(1, 1001)),
    ]
    for target, thing in things:
        world.database.change(target, thing)
    world.keeper.bring(target for target, _ in things)
    assert world.is_in_line()
    assert not world.database.unsettled()
    return world


def test_a_thousand_resources_take_a_few_commits(world: World) -> None:
    assert world.shelf.commits <= 3


def test_a_rule_more_or_less_writes_one_key(world: World) -> None:
    written = world.shelf.written
    target, rule = made_rule(2000)
    world.database.change(target, rule)
    world.keeper.bring([target])
    assert world.shelf.written == written + 1
    world.database.change(target, None)
    world.keeper.bring([target])
    assert world.shelf.written == written + 2
    assert world.is_in_line()


def test_what_is_in_line_is_not_written_again(world: World) -> None:
    commits = world.shelf.commits
    world.keeper.bring([GROUP, PORT, Target(Kind.NETWORK, "n")])
    assert world.shelf.commits == commits


def test_a_port_that_changes_its_groups_leaves_the_old_ones(world: World) -> None:
    world.database.change(PORT, made_port("other", "third"))
    world.keeper.bring([PORT])
    assert world.is_in_line()
    assert keys.member("g", "p") not in world.shelf.objects


def test_a_group_takes_its_rules_along(world: World) -> None:
    for target in list(world.database.things):
        if target == GROUP or target.kind is Kind.RULE:
            world.database.change(target, None)
    world.keeper.bring([GROUP])
    assert world.is_in_line()


def test_a_number_that_another_network_has_by_now_is_left_to_it(world: World) -> None:
    heir = Target(Kind.NETWORK, "heir")
    world.database.change(Target(Kind.NETWORK, "n"), None)
    world.database.change(heir, Network("heir", "red", 5))
    world.keeper.bring([heir])
    world.keeper.bring([Target(Kind.NETWORK, "n")])
    assert world.is_in_line()


def test_a_network_that_loses_its_number_gives_it_up(world: World) -> None:
    world.database.change(Target(Kind.NETWORK, "n"), Network("n", "blue", 0))
    world.keeper.bring([Target(Kind.NETWORK, "n")])
    assert world.is_in_line()
    assert keys.segment(5) not in world.shelf.objects


def test_an_entry_that_cannot_be_read_is_replaced(world: World) -> None:
    world.shelf.objects[keys.port("p")] = b"not json"
    world.keeper.bring([PORT])
    assert world.is_in_line()


def test_every_difference_is_found_named_and_mended(world: World) -> None:
    objects = world.shelf.objects
    del objects[keys.rule("g", "r7")]
    objects[keys.group("g")] = b"{}"
    objects[keys.member("stray", "p")] = b"{}"
    objects[keys.network_port("n", "nobody")] = b"{}"
    objects[keys.rule("nogroup", "r")] = b"{}"
    objects[keys.segment(9)] = b"not json"
    found = list(differences(world.shelf.read(PREFIXES).objects, world.database.everything()))
    assert {one.target for one in found} == {
        Target(Kind.RULE, "r7", "g"),
        GROUP,
        PORT,
        Target(Kind.PORT, "nobody"),
        Target(Kind.RULE, "r", "nogroup"),
        None,
    }
    assert all(key in str(one) for one in found for key in one.actual if "stray" in key)
    for one in found:
        if one.target is not None:
            assert world.keeper.mend(one.target, one.actual)
    del objects[keys.segment(9)]
    assert world.is_in_line()


def test_what_changed_since_it_was_compared_is_not_mended_blindly(world: World) -> None:
    world.shelf.objects[keys.member("other", "p")] = b"{}"
    found = list(differences(world.shelf.read(PREFIXES).objects, world.database.everything()))
    world.database.change(PORT, replace(made_port("g"), name="renamed"))
    world.keeper.bring([PORT])
    assert [world.keeper.mend(one.target, one.actual) for one in found if one.target] == [False]


def test_a_difference_beside_the_resource_is_told_from_one_in_it(world: World) -> None:
    del world.shelf.objects[keys.member("g", "p")]
    del world.shelf.objects[keys.rule("g", "r7")]
    found = differences(world.shelf.read(PREFIXES).objects, world.database.everything())
    assert {one.target: one.is_beside for one in found} == {
        PORT: True,
        Target(Kind.RULE, "r7", "g"): False,
    }
