"""The reference itself, by hand: each case is one sentence of Neutron's API reference."""

from __future__ import annotations

import pytest

from .evaluator import admits, may_send, receivers
from .hand import WEB, asked, policy, port, rule


def test_the_default_is_to_deny() -> None:
    assert not asked(policy(), WEB)


@pytest.mark.parametrize(("low", "high", "expected"), [(80, 80, True), (1, 79, False)])
def test_a_range_bounds_the_destination_port(low: int, high: int, expected: bool) -> None:
    ranged = rule(protocol="tcp", port_range_min=low, port_range_max=high)
    assert asked(policy(ranged), WEB) is expected


@pytest.mark.parametrize(("kind", "code", "expected"), [(8, 0, True), (0, 0, False)])
def test_for_icmp_the_range_is_type_and_code(kind: int, code: int, expected: bool) -> None:
    ping = rule(protocol="icmp", port_range_min=8, port_range_max=0)
    packet = {"ethertype": "IPv4", "protocol": 1, "icmp_type": kind, "icmp_code": code}
    assert asked(policy(ping), packet) is expected


def test_icmp_in_ipv6_is_icmpv6() -> None:
    packet = {"ethertype": "IPv6", "protocol": 58, "icmp_type": 128, "icmp_code": 0}
    for name in ("icmp", "1", "icmpv6", "ipv6-icmp", 58):
        assert asked(policy(rule(ethertype="IPv6", protocol=name)), packet, "fd00::2")


def test_any_and_zero_mean_all_protocols() -> None:
    for any_protocol in (None, "any", 0, "0"):
        assert asked(policy(rule(protocol=any_protocol)), WEB)
    assert not asked(policy(rule(protocol=47)), WEB)


def test_a_remote_group_is_the_addresses_of_its_ports() -> None:
    peers = policy(rule(remote_group_id="g"))
    assert [asked(peers, WEB, f"10.0.0.{n}") for n in (1, 2, 3)] == [True, False, True]
    pair = port(4, "g", allowed_address_pairs=[{"ip_address": "192.0.2.0/30"}])
    assert asked(policy(rule(remote_group_id="g"), ports=(pair,)), WEB, "192.0.2.3")
    assert not asked(policy(rule(remote_group_id="who")), WEB)


def test_an_address_group_is_the_addresses_in_it() -> None:
    listed = policy(rule(remote_address_group_id="a"), a=["198.51.100.0/24", "10.0.0.9/32"])
    assert asked(listed, WEB, "198.51.100.7")
    assert not asked(listed, WEB)
    assert not asked(policy(rule(remote_address_group_id="who")), WEB)


def test_a_prefix_may_have_host_bits() -> None:
    near = policy(rule(remote_ip_prefix="10.0.0.3/30"))
    assert [asked(near, WEB, f"10.0.0.{n}") for n in (2, 4)] == [True, False]


def test_without_port_security_nothing_is_filtered() -> None:
    free = port(4, port_security_enabled=False)
    lie = {"source_mac": "02:00:00:00:00:77", "source_ip": "192.0.2.1"}
    assert admits(policy(ports=(free,)), free, "ingress", WEB | {"source_ip": "10.0.0.2"})
    assert may_send(free, lie)
    assert not may_send(port(1), lie)


def test_a_port_sends_from_its_own_pairs_of_addresses_only() -> None:
    pair = {"ip_address": "192.0.2.0/24", "mac_address": "02:00:00:00:01:00"}
    sender = port(4, allowed_address_pairs=[pair])
    sent = {"source_mac": pair["mac_address"], "source_ip": "192.0.2.1"}
    assert may_send(sender, sent)
    assert not may_send(sender, sent | {"source_ip": "10.0.0.4"})
    assert not may_send(sender, sent | {"source_mac": sender["mac_address"]})


def test_a_frame_passes_both_ends_of_one_network() -> None:
    elsewhere = port(4, "g", network_id="other", mac_address="02:00:00:00:00:03")
    frame = WEB | {
        "source_mac": "02:00:00:00:00:01", "destination_mac": "02:00:00:00:00:03",
        "source_ip": "10.0.0.1", "destination_ip": "10.0.0.3",
    }  # fmt: skip
    both = policy(rule(), rule("egress"), ports=(elsewhere,))
    assert receivers(both, "p1", frame) == ["p3"]
    assert receivers(both, "p1", frame | {"destination_mac": "ff:ff:ff:ff:ff:ff"}) == ["p3"]
    assert receivers(policy(rule(), ports=(elsewhere,)), "p1", frame) == []
    assert receivers(policy(rule("egress")), "p1", frame) == []
