"""The search for rules that together admit what one did: what it passes over it may pass over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, AddressGroup, Rule, SecurityGroup
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing, snapshot_of
from damselfly.policy.changes import label
from damselfly.policy.changes.label import Terms, only_widens


def terms(
    *rules: Rule, lists: Mapping[str, Iterable[int]] | None = None, groups: str = "g"
) -> Terms:
    """Rules of some groups, and address groups of single addresses."""
    of = [
        SecurityGroup(name, name, tuple(r for r in rules if r.security_group_id == name))
        for name in groups
    ]
    things: list[Thing] = [
        *of,
        *(
            AddressGroup(name, name, tuple(Prefix(IPV4, value, 32) for value in values))
            for name, values in (lists or {}).items()
        ),
    ]
    return Terms(snapshot_of(things), tuple(groups), Direction.INGRESS, IPV4)


def of_list(name: str, listed: str, low: int = 80, high: int = 90) -> Rule:
    return Rule(
        name, "g", Direction.INGRESS, IPV4, TCP, low, high, remote_address_group_id=listed
    )  # fmt: skip


def of_prefix(name: str, value: int, length: int = 32, low: int = 80, high: int = 90) -> Rule:
    remote = Prefix(IPV4, value, length)
    return Rule(name, "g", Direction.INGRESS, IPV4, TCP, low, high, remote_ip_prefix=remote)


def test_a_group_that_nobody_knows_has_no_rules() -> None:
    nothing = Terms(snapshot_of([]), ("unknown",), Direction.INGRESS, IPV4)
    assert only_widens(nothing, nothing)
    assert not only_widens(terms(of_prefix("a", 1)), nothing)


def test_a_remote_group_that_is_forgotten_means_nobody_though_a_port_wears_it() -> None:
    own = Rule("r", "g", Direction.INGRESS, IPV4, remote_group_id="m")
    worn = Port("x", "net", 1, fixed_ips=(Prefix(IPV4, 1, 32),), security_groups=("m",))
    known = snapshot_of([SecurityGroup("g", "g", (own,)), SecurityGroup("m", "m"), worn])
    forgotten = known.evolve(1, drop=[(SecurityGroup, "m")])
    before, after = (Terms(s, ("g",), Direction.INGRESS, IPV4) for s in (known, forgotten))
    assert not only_widens(before, after)
    assert only_widens(after, before)


def test_another_protocol_does_not_complete_a_range_of_ports() -> None:
    low, high = of_prefix("b", 1, high=84), of_prefix("c", 1, low=85)
    assert only_widens(terms(of_prefix("a", 1)), terms(low, high))
    assert not only_widens(terms(of_prefix("a", 1)), terms(low, replace(high, protocol=UDP)))


def test_remotes_that_begin_alike_are_not_the_same() -> None:
    old = terms(of_list("a", "x"), lists={"x": [1, 5]})
    assert not only_widens(old, terms(of_list("b", "y"), lists={"y": [1, 9]}))
    assert only_widens(old, terms(of_list("b", "y"), lists={"y": [1, 3, 5]}))


def test_a_list_and_a_prefix_cover_a_list_together() -> None:
    old = terms(of_list("a", "x"), lists={"x": [1, 5]})
    for kept in ([of_list("b", "y"), of_prefix("c", 5)], [of_list("b", "y"), of_list("c", "z")]):
        assert only_widens(old, terms(*kept, lists={"y": [1], "z": [5]}))
        assert not only_widens(old, terms(kept[0], lists={"y": [1], "z": [5]}))


def test_addresses_far_apart_are_covered_by_a_prefix_each() -> None:
    """With rules for others before them, which cover nothing."""
    old = terms(of_list("a", "x"), lists={"x": [1, 5]})
    elsewhere = of_prefix("b", 77), of_list("c", "y")
    found = of_prefix("d", 1), of_prefix("e", 5)
    assert only_widens(old, terms(*elsewhere, *found, lists={"y": [99]}))
    assert not only_widens(old, terms(*elsewhere, found[0], lists={"y": [99]}))


def test_a_single_address_is_covered_by_two_ranges_of_ports() -> None:
    halves = of_prefix("b", 5, high=84), of_prefix("c", 5, low=85)
    assert only_widens(terms(of_prefix("a", 5)), terms(*halves))


@pytest.mark.parametrize(("kind", "code"), [(8, None), (3, 1)])
def test_a_type_from_everywhere_is_covered_by_the_halves(kind: int, code: int | None) -> None:
    def ping(name: str, value: int, length: int) -> Rule:
        remote = Prefix(IPV4, value, length)
        return Rule(
            name, "g", Direction.INGRESS, IPV4, ICMP, kind, code, remote_ip_prefix=remote
        )  # fmt: skip

    halves = ping("b", 0, 1), ping("c", 1 << 31, 1)
    assert only_widens(terms(ping("a", 0, 0)), terms(*halves))


def test_rules_of_several_groups_that_share_an_id_by_mistake_all_count() -> None:
    shared = [
        Rule("same", group, Direction.INGRESS, IPV4, TCP, port, port)
        for group, port in (("g", 80), ("h", 90), ("k", 100))
    ]
    old = [
        Rule(f"r{rule.port_range_min}", "g", Direction.INGRESS, IPV4, TCP, rule.port_range_min,
             rule.port_range_max)
        for rule in shared
    ]  # fmt: skip
    assert only_widens(terms(*old), terms(*shared, groups="ghk"))
    assert not only_widens(terms(*old), terms(*shared, groups="gh"))


def test_a_rule_edited_in_place_to_admit_more_needs_no_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "EFFORT", 0)
    assert only_widens(terms(of_prefix("a", 1)), terms(of_prefix("a", 0, 24, low=79)))


def test_a_list_that_grows_in_its_middle_under_a_new_rule_needs_no_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "EFFORT", 0)
    old = terms(of_list("a", "x"), lists={"x": [1, 9]})
    assert only_widens(old, terms(of_list("b", "y"), lists={"y": [1, 5, 9]}))


def never(*_: object) -> None:
    raise AssertionError("looked at for nothing")


def test_rules_that_stay_are_not_looked_at_where_members_only_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "box", never)
    kept = of_prefix("a", 1), of_list("b", "x")
    old = terms(*kept, lists={"x": [1, 5]})
    assert only_widens(old, terms(*kept, lists={"x": [1, 3, 5]}))
    assert only_widens(old, old)


PING = replace(of_prefix("a", 1), protocol=ICMP, port_range_min=8, port_range_max=1)


@pytest.mark.parametrize(
    ("was", "near"),
    [
        (of_prefix("a", 1), replace(of_prefix("b", 1), protocol=UDP)),
        (of_prefix("a", 1), of_prefix("b", 1, low=70, high=79)),
        (of_prefix("a", 1), of_prefix("b", 1, low=91, high=99)),
        (of_prefix("a", 1), of_prefix("b", 2)),
        (PING, replace(PING, id="b", port_range_min=3)),
        (PING, replace(PING, id="b", port_range_max=0)),
    ],
)
def test_what_no_rule_admits_is_lost_without_a_search(
    was: Rule, near: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label, "_overlaps", never)
    assert not only_widens(terms(was), terms(near))


def test_many_addresses_count_as_much_work_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of a hundred, covered by its halves, each of which is compared with what is left."""
    old = terms(of_list("a", "x"), lists={"x": range(0, 200, 2)})
    halves = {"y": range(0, 100, 2), "z": range(100, 200, 2)}
    new = terms(of_list("b", "y"), of_list("c", "z"), lists=halves)
    assert only_widens(old, new)
    monkeypatch.setattr(label, "EFFORT", 200)
    assert not only_widens(old, new)
