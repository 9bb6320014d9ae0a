"""From stored objects to a snapshot: what cannot be read fails closed and stops nobody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Subnet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, snapshot_of
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Commit, Contents

NET = Network("net", "net", 7)
SUBNET = Subnet("sub", "net", Prefix.parse("10.0.0.0/24"), Prefix.parse("10.0.0.1"))
WEB = SecurityGroup("web", "web")
SSH = Rule("r1", "web", Direction.INGRESS, IPV4, TCP, 22, 22)
HTTP = Rule("r2", "web", Direction.INGRESS, IPV4, TCP, 80, 80)
ONE = Port("one", "net", 0x02, "one", (Prefix.parse("10.0.0.4"),), (), ("web",))
TWO = Port("two", "net", 0x04, "two", (Prefix.parse("10.0.0.5"),), (), ("web",))
OFFICE = AddressGroup("office", "office", (Prefix.parse("192.0.2.0/24"),))
ADMIN = Rule("r3", "web", Direction.INGRESS, IPV4, TCP, 90, 90, remote_address_group_id="office")
EVERYTHING = (NET, SUBNET, WEB, SSH, HTTP, ONE, TWO, OFFICE, ADMIN)


def contents(*things: Stored, **extra: bytes) -> Contents:
    objects = dict(write(thing) for thing in things)
    for thing in things:
        objects.update(dict(written_together(thing)))
    return Contents(5, {key: value for key, value in objects.items() if value is not None})


def broken(reader: PolicyReader, key: str, value: bytes = b'{"v":1,"zzz":1}') -> Snapshot:
    return reader.apply(Commit(6, (Change(key, value),)))


def test_everything_is_read_and_rules_join_their_group() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    group = replace(WEB, rules=(SSH, HTTP, ADMIN))
    assert reader.snapshot == snapshot_of((NET, SUBNET, OFFICE, group, ONE, TWO), revision=5)
    assert reader.problems == {}


def test_a_commit_adds_changes_and_removes() -> None:
    reader = PolicyReader(contents(NET, WEB, SSH, ONE))
    moved = replace(ONE, fixed_ips=(Prefix.parse("10.0.0.9"),))
    view = reader.apply(
        Commit(6, (write(HTTP), Change(keys.rule("web", "r1"), None), write(moved), write(TWO)))
    )
    assert view == snapshot_of((NET, replace(WEB, rules=(HTTP,)), moved, TWO), revision=6)
    view = reader.apply(Commit(7, (Change(keys.port("one"), None),)))
    assert list(view.ports) == ["two"]


def test_an_unreadable_port_is_closed_and_named() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    view = broken(reader, "/port/one")
    assert "one" not in view.ports
    assert "zzz" in view.closed["one"]
    assert "zzz" in reader.problems["/port/one"]
    assert set(view.ports) == {"two"}


def test_an_unreadable_rule_is_missing_from_its_group_and_named() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    view = broken(reader, "/rule/web/r1")
    assert view.groups["web"].rules == (HTTP, ADMIN)
    assert view.closed == {}
    assert set(reader.problems) == {"/rule/web/r1"}


def test_ports_that_wear_an_unreadable_group_are_closed() -> None:
    other = replace(TWO, security_groups=())
    reader = PolicyReader(contents(NET, WEB, SSH, ONE, other))
    view = broken(reader, "/group/web")
    assert set(view.closed) == {"one"}
    assert "web" in view.closed["one"]


def test_ports_on_an_unreadable_or_missing_network_are_closed() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    assert set(broken(reader, "/network/net").closed) == {"one", "two"}
    view = reader.apply(Commit(7, (Change("/network/net", None),)))
    assert set(view.closed) == {"one", "two"}
    assert "/port/one" in reader.problems


def test_networks_with_one_number_do_not_mix() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    late = replace(NET, id="other")
    guest = replace(TWO, id="guest", network_id="other")
    view = reader.apply(Commit(6, (write(late), write(guest))))
    assert set(view.closed) == {"guest"}
    assert "/network/other" in reader.problems


def test_a_repaired_object_opens_again() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    before = reader.snapshot
    for thing in EVERYTHING:
        key, value = write(thing)
        assert value is not None
        broken(reader, key)
        assert key in reader.problems
        view = reader.apply(Commit(5, (Change(key, value),)))
        assert view == before
        assert reader.problems == {}


def test_a_deleted_unreadable_object_is_forgotten() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    broken(reader, "/port/one")
    view = reader.apply(Commit(7, (Change("/port/one", None),)))
    assert "one" not in view.closed
    assert reader.problems == {}


def test_a_group_that_is_not_there_is_named_and_admits_nothing() -> None:
    reader = PolicyReader(contents(NET, ONE))
    assert "web" in reader.problems["/port/one"]
    assert reader.snapshot.groups == {}


def test_an_unreadable_address_group_is_named_closes_nobody_and_admits_nothing() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    view = broken(reader, "/address-group/office")
    assert (view.closed, view.address_groups) == ({}, {})
    assert not view.addresses("office", IPV4)
    assert set(reader.problems) == {"/address-group/office", "/rule/web/r3"}


def test_a_rule_that_names_no_address_group_there_is_is_named() -> None:
    reader = PolicyReader(contents(WEB, SSH, ADMIN))
    assert reader.problems == {
        "/rule/web/r3": "remote_address_group_id: there is no address group office"
    }
    reader.apply(Commit(6, (write(OFFICE),)))
    assert reader.problems == {}


def test_a_key_of_the_wrong_shape_hurts_nobody() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    for key in ("/port/one/x", "/port/", "/port/%6fne", "/rule/web", "/rule/web/r1/x", "/group/"):
        view = broken(reader, key, write(ONE).value or b"")
        assert view.ports == {"one": ONE, "two": TWO}
        assert view.groups["web"].rules == (SSH, HTTP, ADMIN)
        assert key in reader.problems


@pytest.mark.parametrize("key", ["/group/web/x", "/group/%77eb", "/port", "/port//", "/rule/web"])
def test_a_stray_key_closes_nobody_and_is_forgotten_when_it_goes(key: str) -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    assert broken(reader, key).closed == {}
    assert list(reader.problems) == [key]
    reader.apply(Commit(7, (Change(key, None),)))
    assert reader.problems == {}


def test_what_is_no_policy_is_passed_over() -> None:
    reader = PolicyReader(contents(*EVERYTHING))
    broken(reader, "/status/agent/h1")
    broken(reader, "/member/web/one")
    assert reader.problems == {}


@given(st.permutations(EVERYTHING), st.lists(st.sampled_from(EVERYTHING)))
def test_the_view_does_not_depend_on_the_order_of_events(
    order: list[Stored], disturbed: list[Stored]
) -> None:
    reader = PolicyReader(Contents(0, {}))
    for thing in order:
        reader.apply(Commit(5, (write(thing),)))
    for thing in disturbed:
        key, value = write(thing)
        broken(reader, key)
        reader.apply(Commit(5, (Change(key, value),)))
    assert reader.snapshot == PolicyReader(contents(*EVERYTHING)).snapshot


def test_a_port_whose_groups_are_of_two_kinds_stays_closed() -> None:
    """Neutron refuses it: judged either way, one group would not mean what it says."""
    loose = SecurityGroup("loose", "loose", stateful=False)
    reader = PolicyReader(contents(NET, WEB, loose, replace(ONE, security_groups=("loose", "web"))))
    why = "its group web is stateful and loose is not: they must agree"
    assert reader.snapshot.closed == {"one": why}
    reader.apply(Commit(6, (write(replace(WEB, stateful=False)),)))
    assert reader.snapshot.closed == {}
