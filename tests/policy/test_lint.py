"""What is said of rules that do nothing, add nothing, or open too much."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, AddressGroup, Rule, SecurityGroup
from damselfly.model.port import AddressPair, Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of
from damselfly.policy.changes.label import Terms, only_widens
from damselfly.policy.lint import Doubt, idle_rules, lint

from .hand import rule

INSIDE = Prefix.parse("10.0.0.0/8")


def doubts(*rules: Rule, others: tuple[Thing, ...] = ()) -> dict[str, list[str]]:
    """Lint rules, each in the group it names; return what is found, by rule."""
    found: dict[str, list[str]] = {}
    for finding in lint(view(*rules, others=others)):
        found.setdefault(finding.rule.id, []).append(finding.doubt.value)
    return found


def view(*rules: Rule, others: tuple[Thing, ...] = ()) -> Snapshot:
    names = sorted({one.security_group_id for one in rules})
    groups = [
        SecurityGroup(name, name, tuple(one for one in rules if one.security_group_id == name))
        for name in names
    ]
    return snapshot_of([*groups, *others])


def said(*rules: Rule, others: tuple[Thing, ...] = ()) -> str:
    (finding,) = lint(view(*rules, others=others))
    return finding.because


def port(name: str, *groups: str) -> Port:
    return Port(name, "net", 1, security_groups=groups)


def test_nothing_is_said_of_rules_that_differ() -> None:
    web = rule(IPV4, TCP, 80, 80, id="web")
    assert not doubts(
        web,
        rule(IPV6, TCP, 80, 80, id="other family"),
        rule(IPV4, UDP, 80, 80, id="other protocol"),
        rule(IPV4, TCP, 80, 81, id="a", remote_ip_prefix=INSIDE),
        replace(web, id="other direction", direction=Direction.EGRESS),
    )


def test_a_rule_that_matches_nothing_is_named_with_the_reason() -> None:
    assert "not known" in said(rule(id="idle", remote_group_id="nobody"))


def test_a_narrower_rule_adds_nothing() -> None:
    wide = rule(IPV4, TCP, 80, 90, id="wide", remote_ip_prefix=INSIDE)
    narrow = rule(IPV4, TCP, 85, 85, id="narrow", remote_ip_prefix=Prefix.parse("10.1.0.0/16"))
    assert doubts(wide, narrow) == {"narrow": ["shadowed"]}
    assert said(wide, narrow) == "adds nothing to rule wide"


def test_any_protocol_covers_each() -> None:
    wide = rule(IPV4, id="wide", remote_ip_prefix=INSIDE)
    assert doubts(wide, rule(IPV4, ICMP, 8, 0, id="ping", remote_ip_prefix=INSIDE)) == {
        "ping": ["shadowed"]
    }


def test_rules_that_overlap_without_one_covering_the_other_are_left_alone() -> None:
    assert not doubts(rule(IPV4, TCP, 80, 90, id="a"), rule(IPV4, TCP, 85, 95, id="b"))


def test_a_rule_that_only_begins_where_another_does_does_not_cover_it() -> None:
    """Neither type 0 nor the first addresses of all are everything."""
    first = Prefix.parse("0.0.0.0/8")
    for name in ("a", "z"):
        replies = rule(IPV4, ICMP, 0, id=name)
        assert doubts(replies, rule(IPV4, ICMP, id="every type")) == {name: ["shadowed"]}
    web = rule(IPV4, TCP, 80, 80, id="web")
    assert not doubts(rule(IPV4, TCP, 80, 81, id="some", remote_ip_prefix=first), web)


def test_of_several_that_may_cover_a_rule_each_is_looked_at() -> None:
    web = rule(IPV4, TCP, 80, 80, id="web")
    near = rule(IPV4, TCP, 80, 85, id="near", remote_ip_prefix=Prefix.parse("0.0.0.0/8"))
    assert doubts(rule(IPV4, TCP, 70, 90, id="a"), web, near) == {
        "web": ["shadowed"],
        "near": ["shadowed"],
    }
    assert doubts(rule(IPV4, TCP, 70, 90, id="a"), web, replace(near, port_range_max=95)) == {
        "web": ["shadowed"]
    }


def test_of_two_that_say_the_same_only_the_second_is_named() -> None:
    one = rule(IPV4, TCP, 80, 80, id="one")
    assert doubts(one, replace(one, id="two")) == {"two": ["shadowed"]}
    assert said(one, replace(one, id="two")) == "says the same as rule one"


def test_a_group_that_every_wearer_wears_besides_shadows() -> None:
    narrow = replace(rule(IPV4, TCP, 80, 80, id="narrow"), security_group_id="a")
    wide = replace(rule(IPV4, TCP, 80, 81, id="wide"), security_group_id="b")
    assert not doubts(narrow, wide)
    assert not doubts(narrow, wide, others=(port("p", "a", "b"), port("q", "a")))
    both = (port("p", "a", "b"), port("q", "a", "b"), port("r", "b"))
    assert doubts(narrow, wide, others=both) == {"narrow": ["shadowed"]}
    assert "all ports that wear a wear too" in said(narrow, wide, others=both)


def test_of_the_same_rule_in_two_groups_the_one_that_somebody_needs_stays() -> None:
    here = replace(rule(IPV4, TCP, 80, 80, id="here"), security_group_id="a")
    there = replace(here, id="there", security_group_id="b")
    assert doubts(here, there, others=(port("p", "a", "b"),)) == {"there": ["shadowed"]}
    wearers = (port("p", "a", "b"), port("q", "b"))
    assert doubts(here, there, others=wearers) == {"here": ["shadowed"]}


@pytest.mark.parametrize("prefix", [None, Prefix.parse("0.0.0.0/0")])
@pytest.mark.parametrize(("low", "high"), [(22, 22), (20, 25), (1, 65535), (None, None)])
def test_a_management_port_open_to_all_is_named(
    prefix: Prefix | None, low: int | None, high: int | None
) -> None:
    text = said(rule(IPV4, TCP, low, high, remote_ip_prefix=prefix))
    assert text.startswith("opens SSH (tcp 22)")
    assert text.endswith(" to 0.0.0.0/0")


def test_a_rule_without_protocol_opens_them_all() -> None:
    assert doubts(rule(IPV6)) == {"r": ["open"]}
    assert said(rule(IPV6)).endswith("more to ::/0")


@pytest.mark.parametrize(
    "closed",
    [
        rule(IPV4, TCP, 80, 80),
        rule(IPV4, UDP, 22, 22),
        rule(IPV4, TCP, 22, 22, remote_ip_prefix=INSIDE),
        rule(IPV4, TCP, 22, 22, direction=Direction.EGRESS),
        rule(IPV4, ICMP, 22, 0),
    ],
)
def test_what_opens_no_management_port_to_all_is_not_named(closed: Rule) -> None:
    assert not doubts(closed)


def test_a_group_with_a_member_that_owns_every_address_is_everybody() -> None:
    everything = AddressPair(Prefix.parse("0.0.0.0/0"))
    router = Port("gw", "net", 1, allowed_address_pairs=(everything,), security_groups=("g",))
    assert doubts(rule(IPV4, TCP, 22, 22, remote_group_id="g"), others=(router,)) == {"r": ["open"]}


def test_an_address_group_that_lists_every_address_is_everybody() -> None:
    everybody = AddressGroup("all", "", (Prefix.parse("0.0.0.0/1"), Prefix.parse("128.0.0.0/1")))
    ssh = rule(IPV4, TCP, 22, 22, remote_address_group_id="all")
    assert doubts(ssh, others=(everybody,)) == {"r": ["open"]}
    assert doubts(ssh) == {"r": ["nothing"]}


def test_rules_that_are_everybody_only_together_are_named_together() -> None:
    halves = [
        rule(IPV4, TCP, 22, 22, id=name, remote_ip_prefix=Prefix.parse(prefix))
        for name, prefix in (("low", "0.0.0.0/1"), ("top", "128.0.0.0/1"))
    ]
    assert doubts(*halves) == {"low": ["open"]}
    assert said(*halves) == "together with top opens SSH (tcp 22) to 0.0.0.0/0"
    assert not doubts(halves[0])


def test_rules_beside_one_that_is_everybody_alone_are_not_named_with_it() -> None:
    halves = [
        rule(IPV4, TCP, 22, 22, id=name, remote_ip_prefix=Prefix.parse(prefix))
        for name, prefix in (("low", "0.0.0.0/1"), ("top", "128.0.0.0/1"))
    ]
    shadowed = {"low": ["shadowed"], "top": ["shadowed"]}
    assert doubts(*halves, rule(IPV4, TCP, 22, 22, id="all")) == {"all": ["open"]} | shadowed


def test_the_same_half_twice_is_not_everybody() -> None:
    half = rule(IPV4, TCP, 22, 22, id="a", remote_ip_prefix=Prefix.parse("0.0.0.0/1"))
    assert doubts(half, replace(half, id="b")) == {"b": ["shadowed"]}


@pytest.mark.parametrize(("last", "more"), [(2380, " to "), (3306, " and 1 more to ")])
def test_more_than_four_services_are_counted(last: int, more: str) -> None:
    text = said(rule(IPV4, TCP, 2375, last))
    assert text.count("(tcp") == 4
    assert f"(tcp 2380){more}0.0.0.0/0" in text


def test_idle_rules_are_those_that_match_nothing() -> None:
    idle = rule(id="idle", remote_group_id="nobody")
    found = list(idle_rules(view(idle, rule(IPV4, TCP, 80, 80, id="busy"))))
    assert found == [(idle, "remote group nobody is not known")]


RULES = st.builds(
    rule,
    st.just(IPV4),
    st.sampled_from([None, TCP, UDP]),
    id=st.uuids().map(str),
    remote_ip_prefix=st.sampled_from([None, INSIDE, Prefix.parse("10.1.0.0/16")]),
) | st.builds(
    lambda low, width, **more: rule(IPV4, TCP, low, low + width, **more),
    st.integers(79, 82),
    st.integers(0, 3),
    id=st.uuids().map(str),
    remote_ip_prefix=st.sampled_from([None, INSIDE, Prefix.parse("10.1.0.0/16")]),
)


@given(st.lists(RULES, max_size=6, unique_by=lambda one: one.id))
def test_without_the_shadowed_rules_the_policy_is_the_same(rules: list[Rule]) -> None:
    whole = view(*rules)
    shadowed = {each.rule.id for each in lint(whole) if each.doubt is Doubt.SHADOWED}
    if not rules:
        return
    rest = view(*(one for one in rules if one.id not in shadowed))
    both = [Terms(each, ("g",), Direction.INGRESS, IPV4) for each in (whole, rest)]
    assert only_widens(*both)
