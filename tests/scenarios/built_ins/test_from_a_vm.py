"""INGRESS_SECURITY, addresses: a VM sends from its own MAC and addresses, or not at all.

All VMs here let everything in and out, so that nothing but the built-ins can drop.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, Prefix, link_local
from damselfly.model.group import TCP, UDP
from damselfly.model.port import AddressPair, Port
from damselfly.pipeline.layout import Dropped, Table
from tests.scenarios.built_ins.raw import arp, ethernet, tagged
from tests.scenarios.rig import Rig, done
from tests.scenarios.vms import egress, everybody, frame, group, host, ingress, ip, mac, ping, vm

OPEN = group("open", *(rule("open", family=f) for rule in (ingress, egress) for f in FAMILIES))


def open_host(*ports: Port) -> Rig:
    return host(OPEN, *(ports or (vm(1, "open"), vm(2, "open"))))


def dropped(rig: Rig, why: Dropped) -> int:
    """Count what was dropped for that reason, from the switch's own counters."""
    return sum(each.packets for each in done(rig.switch.flows()) if each.flow.cookie == why.cookie)


def test_the_table_is_complete_before_the_first_packet() -> None:
    rig = open_host()
    before = rig.flows(Table.INGRESS_SECURITY)
    for family in FAMILIES:
        rig.send("vm1", ping(1, 2, family))
    assert rig.flows(Table.INGRESS_SECURITY) == before


@pytest.mark.parametrize("family", FAMILIES)
def test_its_own_mac_and_address_pass(family: Family) -> None:
    assert open_host().send("vm1", frame(1, 2, UDP, 5, 6, family=family)) == ["vm2"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spoofed_mac_is_dropped_and_counted(family: Family) -> None:
    rig = open_host()
    forged = replace(frame(1, 2, UDP, 5, 6, family=family), source_mac=mac(9))
    assert rig.send("vm1", forged) == []
    assert dropped(rig, Dropped.SOURCE) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spoofed_address_is_dropped_and_counted(family: Family) -> None:
    rig = open_host()
    forged = replace(frame(3, 2, UDP, 5, 6, family=family), source_mac=mac(1))
    assert rig.send("vm1", forged) == []
    assert dropped(rig, Dropped.SOURCE) == 1


def test_the_address_of_another_port_with_the_same_group_is_spoofed_too() -> None:
    rig = open_host(vm(1, "open"), vm(2, "open"), vm(3, "open"))
    assert rig.send("vm1", replace(frame(3, 2, TCP, 5, 6), source_mac=mac(1))) == []


def test_the_mac_and_address_of_different_pairs_do_not_mix() -> None:
    """A pair's MAC goes with that pair's addresses only."""
    pair = AddressPair(Prefix.parse("10.0.0.50"), mac(50))
    rig = open_host(vm(1, "open", allowed_address_pairs=(pair,)), vm(2, "open"))
    assert rig.send("vm1", frame(50, 2, UDP, 5, 6)) == ["vm2"]
    assert rig.send("vm1", replace(frame(1, 2, UDP, 5, 6), source_mac=mac(50))) == []
    assert rig.send("vm1", replace(frame(50, 2, UDP, 5, 6), source_mac=mac(1))) == []


def test_a_pair_may_be_a_prefix() -> None:
    pairs = tuple(AddressPair(Prefix.parse(text)) for text in ("10.0.0.64/30", "fd00::40/126"))
    rig = open_host(vm(1, "open", allowed_address_pairs=pairs), vm(2, "open"))
    for number, family, passes in ((67, IPV4, True), (68, IPV4, False)):
        sent = replace(frame(number, 2, UDP, 5, 6, family=family), source_mac=mac(1))
        assert rig.send("vm1", sent) == (["vm2"] if passes else [])


def test_a_pair_that_is_taken_away_is_spoofed_from_then_on() -> None:
    pair = AddressPair(Prefix.parse("10.0.0.50"))
    rig = open_host(vm(1, "open", allowed_address_pairs=(pair,)), vm(2, "open"))
    sent = replace(frame(50, 2, UDP, 5, 6), source_mac=mac(1))
    assert rig.send("vm1", sent) == ["vm2"]
    rig.apply(vm(1, "open"))
    assert rig.send("vm1", sent) == []


def test_link_local_of_its_own_mac_passes_and_of_another_does_not() -> None:
    rig = open_host()
    own = frame(1, 2, UDP, 5, 6, family=IPV6)
    for number, passes in ((1, True), (9, False)):
        packet = own.packet._replace(source=link_local(mac(number)))
        assert rig.send("vm1", replace(own, packet=packet)) == (["vm2"] if passes else [])


@pytest.mark.parametrize("source", [0, 0xFFFF_FFFF, 0xE000_0001, 0x7F00_0001])
def test_sources_that_nobody_owns_are_dropped(source: int) -> None:
    own = frame(1, 2, UDP, 5, 6)
    forged = replace(own, packet=own.packet._replace(source=source))
    assert open_host().send("vm1", forged) == []


def test_a_multicast_source_mac_is_dropped_and_counted() -> None:
    rig = open_host()
    assert rig.send("vm1", replace(frame(1, 2, UDP, 5, 6), source_mac=mac(1) | 1 << 40)) == []
    assert dropped(rig, Dropped.MULTICAST_SOURCE) == 1


@pytest.mark.parametrize("vlan", [0, 7, 4095])
def test_a_tagged_frame_is_dropped_and_counted(vlan: int) -> None:
    rig = open_host()
    assert rig.send("vm1", tagged(frame(1, 2, UDP, 5, 6).bytes(), vlan)) == []
    assert rig.send("vm1", tagged(tagged(arp(1)), vlan)) == []
    assert dropped(rig, Dropped.VLAN) == 2


@pytest.mark.parametrize("ethertype", [0x88CC, 0x8035, 0x8847, 0x0027, 0x888E])
def test_a_frame_that_is_neither_ip_nor_arp_is_dropped_and_counted(ethertype: int) -> None:
    rig = open_host()
    assert rig.send("vm1", ethernet(mac(1), mac(2), ethertype, bytes(60))) == []
    assert dropped(rig, Dropped.ETHERTYPE) == 1


@pytest.mark.parametrize("operation", [1, 2])
def test_arp_with_its_own_addresses_passes(operation: int) -> None:
    rig = open_host()
    assert rig.send("vm1", arp(1, operation=operation)) == ["vm2"]
    assert rig.send("vm1", arp(1, operation=operation, destination=mac(2))) == ["vm2"]


def test_gratuitous_arp_and_arp_probes_pass() -> None:
    rig = open_host()
    assert rig.send("vm1", arp(1, tpa=ip(1))) == ["vm2"]
    assert rig.send("vm1", arp(1, spa=0)) == ["vm2"]


@pytest.mark.parametrize("operation", [1, 2])
@pytest.mark.parametrize(
    "forged",
    [
        {"spa": ip(9)}, {"sha": mac(9)}, {"source": mac(9)}, {"sha": mac(9), "source": mac(9)},
        {"spa": ip(2), "destination": mac(2)}, {"spa": 0, "sha": mac(9)}, {"sha": 0},
    ],
)  # fmt: skip
def test_forged_arp_is_dropped_and_counted(operation: int, forged: dict[str, int]) -> None:
    rig = open_host()
    assert rig.send("vm1", arp(1, operation=operation, **forged)) == []
    assert dropped(rig, Dropped.ARP) == 1


def test_an_arp_reply_without_an_address_is_no_probe() -> None:
    assert open_host().send("vm1", arp(1, operation=2, spa=0)) == []


def test_a_broken_frame_is_dropped() -> None:
    rig, whole = open_host(), frame(1, 2, UDP, 5, 6).bytes()
    for length in range(len(whole)):
        assert rig.send("vm1", whole[:length]) == []


def test_an_unknown_interface_gets_nothing_and_reaches_nobody() -> None:
    rig = open_host()
    rig.plug("stranger")
    rig.enforce()
    assert rig.send("stranger", everybody(1, UDP, 5, 6)) == []
    assert rig.send("vm1", everybody(1, UDP, 5, 6)) == ["vm2"]


def test_two_ports_with_one_mac_on_one_network_stay_closed() -> None:
    twin = Port("twin", "net", mac(1), fixed_ips=vm(3).fixed_ips, security_groups=("open",))
    rig = open_host(vm(1, "open"), vm(2, "open"), twin)
    assert rig.send("vm1", frame(1, 2, UDP, 5, 6)) == []
    assert rig.send("vm2", frame(2, 1, UDP, 5, 6)) == []
    rig.apply(drop=[(Port, "twin")])
    assert rig.send("vm1", frame(1, 2, UDP, 5, 6)) == ["vm2"]
