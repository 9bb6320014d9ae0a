"""What is told of a group from two versions of the policy, without a look at any packet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing, snapshot_of
from damselfly.policy.changes.difference import Difference

ONE, TWO, SIX = Prefix(IPV4, 1, 32), Prefix(IPV4, 8, 32), Prefix(IPV6, 1, 128)


def named(name: str, port: int, **remote: str) -> Rule:
    return Rule(name, "g", Direction.INGRESS, IPV4, TCP, port, port, **remote)  # type: ignore[arg-type]


def group(*rules: Rule) -> SecurityGroup:
    return SecurityGroup("g", "g", rules)


def wearer(name: str, address: int, *groups: str) -> Port:
    fixed = (Prefix(IPV4, address, 32),)
    return Port(name, "net", address, fixed_ips=fixed, security_groups=groups)


WEB, SSH = named("web", 80), named("ssh", 22)
TO_M, TO_N = named("m", 1, remote_group_id="m"), named("n", 2, remote_group_id="n")
TO_LIST = named("a", 3, remote_address_group_id="a")
M, N = SecurityGroup("m", "m"), SecurityGroup("n", "n")
OFFICE = AddressGroup("a", "office", (ONE, SIX))
HOME = AddressGroup("b", "home", (ONE, TWO))
START: tuple[Thing, ...] = (
    *(group(WEB, TO_M, TO_N, TO_LIST), M, N, OFFICE, HOME),
    *(wearer("x", 1, "m"), wearer("y", 5, "n")),
)


def told(
    *put: Thing, drop: tuple[tuple[type[Thing], str], ...] = (), start: tuple[Thing, ...] = START
) -> tuple[bool, bool]:
    """Whether group g is the same after a change, and whether it only widens."""
    old = snapshot_of(start)
    difference = Difference(old, old.evolve(1, put, drop))
    return difference.is_same("g"), difference.only_widens("g")


SAME, WIDENS, OTHER = (True, True), (False, True), (False, False)


@pytest.mark.parametrize(
    "change",
    [
        Network("net", "net"),
        wearer("z", 9, "elsewhere"),
        replace(OFFICE, name="the office"),
        replace(HOME, addresses=(TWO,)),
        replace(wearer("x", 1, "m"), mac=77),
        replace(group(*START[0].rules)),  # type: ignore[union-attr]
    ],
)
def test_what_means_the_same_is_the_same(change: Thing) -> None:
    assert told(change) == SAME


def test_a_member_in_the_place_of_another_with_its_address_changes_nothing() -> None:
    assert told(wearer("w", 1, "m"), drop=((Port, "x"),)) == SAME


def test_a_group_that_is_unknown_before_and_after_is_the_same() -> None:
    assert told(wearer("z", 9, "m"), start=()) == SAME


def test_a_group_that_comes_widens_and_one_that_goes_does_not() -> None:
    assert told(group(WEB), start=()) == WIDENS
    assert told(drop=((SecurityGroup, "g"),)) == OTHER


def test_a_rule_more_widens_and_a_rule_less_does_not() -> None:
    one, two = group(WEB), group(WEB, SSH)
    assert told(two, start=(one,)) == WIDENS
    assert told(one, start=(two,)) == OTHER


def test_a_new_name_for_the_same_rules_widens() -> None:
    assert told(replace(group(WEB), name="other"), start=(group(WEB),)) == WIDENS


def test_rules_that_are_kept_are_other_rules_once_the_group_is_stateless() -> None:
    assert told(replace(group(WEB), stateful=False), start=(group(WEB),)) == OTHER


def test_a_member_more_of_a_remote_group_widens_and_a_member_less_does_not() -> None:
    assert told(wearer("z", 9, "m")) == WIDENS
    assert told(drop=((Port, "x"),)) == OTHER
    assert told(wearer("x", 3, "m")) == OTHER


def test_a_remote_group_that_becomes_known_widens_and_one_forgotten_does_not() -> None:
    before = tuple(thing for thing in START if thing is not M)
    assert told(M, start=before) == WIDENS
    assert told(drop=((SecurityGroup, "m"),)) == OTHER


def test_an_address_group_that_lists_more_widens_and_one_that_lists_less_does_not() -> None:
    assert told(replace(OFFICE, addresses=(ONE, TWO, SIX))) == WIDENS
    assert told(replace(OFFICE, addresses=(ONE, TWO))) == OTHER
    assert told(replace(OFFICE, addresses=(TWO, SIX))) == OTHER


def test_an_address_group_that_comes_widens_and_one_that_goes_does_not() -> None:
    before = tuple(thing for thing in START if thing is not OFFICE)
    assert told(OFFICE, start=before) == WIDENS
    assert told(drop=((AddressGroup, "a"),)) == OTHER


def test_one_named_list_of_several_that_change_is_enough() -> None:
    shorter = replace(HOME, addresses=(TWO,))
    assert told(replace(OFFICE, addresses=(SIX,)), shorter) == OTHER
    assert told(replace(OFFICE, addresses=(ONE, TWO, SIX)), shorter) == WIDENS
