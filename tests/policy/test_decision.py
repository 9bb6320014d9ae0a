"""The specification, by hand: what Neutron's API says of a rule, condition by condition."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, IPV6, Prefix, parse_address
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP, AddressGroup
from damselfly.model.packet import Packet
from damselfly.model.port import AddressPair, Port
from damselfly.model.snapshot import snapshot_of
from damselfly.policy.decision import admits, decide

from .hand import GRE, HERE, THERE, allowed, packet, policy, rule


def test_denied_when_no_rule_admits() -> None:
    assert not allowed(packet())
    assert not allowed(packet(dst=81), rule(IPV4, TCP, 80, 80))


@pytest.mark.parametrize(("dst", "expected"), [(79, False), (80, True), (90, True), (91, False)])
def test_a_port_range_includes_both_ends(dst: int, expected: bool) -> None:
    assert allowed(packet(dst=dst), rule(IPV4, TCP, 80, 90)) is expected


def test_a_rule_is_for_one_direction_only() -> None:
    outward = Packet(IPV4, TCP, parse_address(HERE[IPV4])[1], parse_address(THERE[IPV4])[1])
    assert not allowed(outward, rule(), direction=Direction.EGRESS)
    egress = rule(direction=Direction.EGRESS)
    assert allowed(outward, egress, direction=Direction.EGRESS)
    assert not allowed(packet(), egress)


def test_a_rule_is_for_one_family_only() -> None:
    assert not allowed(packet(IPV6), rule(IPV4))
    assert not allowed(packet(IPV4), rule(IPV6))


def test_a_rule_by_itself_looks_at_direction_and_family() -> None:
    snapshot, _ = policy(rule())
    ways = ((IPV4, Direction.INGRESS), (IPV6, Direction.INGRESS), (IPV4, Direction.EGRESS))
    found = [admits(rule(), direction, packet(family), snapshot) for family, direction in ways]
    assert found == [True, False, False]


@pytest.mark.parametrize(("src", "dst", "expected"), [(0, 0, True), (0, 1, False), (8, 0, False)])
def test_zero_is_a_type_and_a_code(src: int, dst: int, expected: bool) -> None:
    assert allowed(packet(IPV4, ICMP, dst, src), rule(IPV4, ICMP, 0, 0)) is expected


def test_type_zero_without_a_code_admits_every_code_of_that_type() -> None:
    only_type = rule(IPV4, ICMP, 0, None)
    assert allowed(packet(IPV4, ICMP, 3, 0), only_type)
    assert not allowed(packet(IPV4, ICMP, 3, 8), only_type)


def test_zero_is_a_port_and_a_protocol() -> None:
    assert allowed(packet(dst=0), rule(IPV4, TCP, 0, 0))
    assert not allowed(packet(dst=1), rule(IPV4, TCP, 0, 0))
    assert allowed(packet(protocol=0), rule(IPV4, 0))
    assert not allowed(packet(protocol=TCP), rule(IPV4, 0))


def test_a_range_may_lack_one_end() -> None:
    assert allowed(packet(dst=9), rule(IPV4, TCP, None, 10))
    assert not allowed(packet(dst=11), rule(IPV4, TCP, None, 10))
    assert allowed(packet(dst=11), rule(IPV4, TCP, 10, None))
    assert not allowed(packet(dst=9), rule(IPV4, TCP, 10, None))


@pytest.mark.parametrize("number", [ICMP, ICMPV6])
def test_icmp_in_ipv6_means_icmpv6(number: int) -> None:
    echo = packet(IPV6, ICMPV6, 0, 128)
    assert allowed(echo, rule(IPV6, number))
    assert allowed(echo, rule(IPV6, number, 128, 0))
    assert not allowed(echo, rule(IPV6, number, 129, None))


@pytest.mark.parametrize("number", [ICMP, ICMPV6])
def test_icmp_in_ipv6_does_not_mean_protocol_one(number: int) -> None:
    assert not allowed(packet(IPV6, ICMP), rule(IPV6, number))


def test_any_other_protocol_is_known_by_its_number() -> None:
    assert allowed(packet(protocol=GRE), rule(IPV4, GRE))
    assert not allowed(packet(protocol=112), rule(IPV4, GRE))


def test_a_rule_without_conditions_admits_every_protocol() -> None:
    assert all(allowed(packet(protocol=number), rule()) for number in (0, ICMP, TCP, UDP, 255))


def test_a_prefix_admits_its_addresses_only() -> None:
    near = rule(remote_ip_prefix=Prefix.parse("192.0.2.0/29"))
    assert allowed(packet(remote="192.0.2.7"), near)
    assert not allowed(packet(remote="192.0.2.8"), near)


def test_the_whole_prefix_is_a_prefix_like_any_other() -> None:
    assert allowed(packet(), rule(remote_ip_prefix=Prefix.parse("0.0.0.0/0")))


def test_a_remote_group_is_its_ports_addresses_and_address_pairs() -> None:
    pairs = (
        AddressPair(Prefix.parse("198.51.100.0/30")),
        AddressPair(Prefix.parse("fd00::/64"), 9),
    )
    member = Port(
        "m", "net", 2, fixed_ips=(Prefix.parse("192.0.2.7"),),
        allowed_address_pairs=pairs, security_groups=("g",),
    )  # fmt: skip
    asked = {"192.0.2.7": True, "192.0.2.8": False, "198.51.100.3": True, "198.51.100.4": False}
    own = rule(remote_group_id="g")
    for remote, expected in asked.items():
        assert allowed(packet(remote=remote), own, others=(member,)) is expected
    sixth = rule(IPV6, remote_group_id="g")
    assert allowed(packet(IPV6, remote="fd00::99"), sixth, others=(member,))


def test_a_group_that_names_itself_includes_the_port_itself() -> None:
    address = (Prefix.parse("192.0.2.7"),)
    assert allowed(packet(remote="192.0.2.7"), rule(remote_group_id="g"), fixed_ips=address)


def test_an_address_group_is_what_it_lists_of_the_family_and_not_the_group_of_that_name() -> None:
    listed = ("192.0.2.7", "198.51.100.0/30", "fd00::/64", "::c000:208")  # 192.0.2.8 by its number
    office = AddressGroup("g", "office", tuple(map(Prefix.parse, listed)))
    asked = {"192.0.2.7": True, "192.0.2.8": False, "198.51.100.3": True, "198.51.100.4": False}
    fixed = (Prefix.parse("192.0.2.8"),)
    for remote, expected in asked.items():
        fourth = rule(remote_address_group_id="g")
        seen = packet(remote=remote)
        assert allowed(seen, fourth, others=(office,), fixed_ips=fixed) is expected
    sixth = rule(IPV6, remote_address_group_id="g")
    assert allowed(packet(IPV6, remote="fd00::99"), sixth, others=(office,))
    assert not allowed(packet(IPV6, remote="fd00:0:0:1::"), sixth, others=(office,))


def test_a_port_without_groups_is_closed() -> None:
    assert not allowed(packet(), rule(), security_groups=())


def test_a_port_with_an_unknown_group_is_closed() -> None:
    assert not allowed(packet(), rule(), security_groups=("who",))


def test_a_port_without_port_security_admits_everything() -> None:
    assert allowed(packet(), security_groups=(), port_security_enabled=False)


def test_a_port_that_cannot_be_read_is_closed_whatever_it_says() -> None:
    me = Port("me", "net", 1, port_security_enabled=False)
    snapshot = snapshot_of([me], closed={"me": "its record is damaged"})
    assert not decide(snapshot, me, Direction.INGRESS, packet()).allowed


def test_the_rule_with_fewest_conditions_is_named() -> None:
    narrow = rule(IPV4, TCP, 80, 80, id="a")
    wide = rule(IPV4, TCP, id="z")
    snapshot, me = policy(narrow, wide)
    assert decide(snapshot, me, Direction.INGRESS, packet(dst=80)).rule == wide


def test_among_equals_the_first_by_id_is_named() -> None:
    two = rule(IPV4, TCP, 80, 80, id="b"), rule(IPV4, TCP, 70, 90, id="a")
    snapshot, me = policy(*two)
    assert decide(snapshot, me, Direction.INGRESS, packet(dst=80)).rule == two[1]
