"""What is built in, seen on the wires of four VMs: everything honest arrives where it should.

VMs 1 and 2 wear no group at all; 3 has no port security, and is the network's router and DHCP
server; 4 lets everything in and out.  What must never leave a VM is in ``test_hostile_frames``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest

from bench.agent import Agent
from damselfly.model.address import IPV4, IPV6, link_local
from damselfly.model.group import ICMPV6, UDP
from damselfly.model.packet import Packet
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from tests.ovs.site import OPEN, Site, port, vm
from tests.scenarios.built_ins.raw import (
    ALL_ROUTERS,
    NA,
    NS,
    RA,
    RS,
    SLL,
    TLL,
    arp,
    dhcp,
    dhcpv6,
    discovery,
    mld_report,
)
from tests.scenarios.built_ins.test_discovery import SUBNETS
from tests.scenarios.frames import Frame
from tests.scenarios.vms import everybody, frame, ip, mac

pytestmark = pytest.mark.ovs


class Case(NamedTuple):
    """A frame, the VM that sends it, and those that must receive it."""

    sender: int
    frame: bytes
    receivers: list[int]


def own(number: int) -> int:
    return link_local(mac(number))


def multicast(sender: int, group: int, protocol: int, number: int = 0) -> bytes:
    """A frame to a group of this network (RFC 1112, section 6.4)."""
    packet = Packet(IPV4, protocol, ip(sender), group, number, number)
    return Frame(mac(sender), 0x0100_5E00_0000 | group & 0x7F_FFFF, packet).bytes()


ROUTERS = 0x3333_0000_0002, ALL_ROUTERS
TO_TWO = mac(2), ip(2, IPV6)
CASES = {
    "ARP request": Case(1, arp(1, tpa=ip(2)), [2, 3, 4]),
    "ARP reply": Case(1, arp(1, operation=2, tpa=ip(2), destination=mac(2)), [2]),
    "gratuitous ARP": Case(1, arp(1, operation=2, tpa=ip(1)), [2, 3, 4]),
    "ARP probe": Case(1, arp(1, spa=0, tpa=ip(1)), [2, 3, 4]),
    "DHCP discover": Case(1, dhcp(1, 68, 67).bytes(), [3, 4]),
    "DHCP renewal": Case(1, dhcp(1, 68, 67, source=ip(1), to=3).bytes(), [3]),
    "DHCPv6 solicit": Case(1, dhcpv6(1, 546, 547).bytes(), [3, 4]),
    "NS": Case(1, discovery(1, NS, target=ip(2, IPV6), option=(SLL, mac(1))), [2, 3, 4]),
    "NS to one": Case(1, discovery(1, NS, target=ip(2, IPV6), towards=TO_TWO), [2]),
    "NS from link-local": Case(1, discovery(1, NS, target=ip(3, IPV6), source=own(1)), [2, 3, 4]),
    "NA": Case(1, discovery(1, NA, target=ip(1, IPV6), option=(TLL, mac(1))), [2, 3, 4]),
    "NA of link-local": Case(1, discovery(1, NA, target=own(1), source=own(1)), [2, 3, 4]),
    "DAD": Case(1, discovery(1, NS, target=ip(1, IPV6), source=0), [2, 3, 4]),
    "RS": Case(1, discovery(1, RS, source=own(1), towards=ROUTERS), [3, 4]),
    "RS from nowhere": Case(1, discovery(1, RS, source=0, towards=ROUTERS), [3, 4]),
    "DHCP offer": Case(3, dhcp(3, 67, 68, source=ip(3)).bytes(), [1, 2, 4]),
    "DHCP answer to one": Case(3, dhcp(3, 67, 68, source=ip(3), to=1).bytes(), [1]),
    "DHCPv6 answer": Case(3, dhcpv6(3, 547, 546, to=1).bytes(), [1]),
    "RA": Case(3, discovery(3, RA, source=own(3)), [1, 2, 4]),
    "MLD without a rule": Case(1, mld_report(1, 0), []),
    "MLD from nowhere": Case(4, mld_report(4, 0), [3]),
    "MLD from link-local": Case(4, mld_report(4, own(4)), [3]),
    "IGMP": Case(4, multicast(4, 0xE000_0016, 2), [3]),
    "IGMP without a rule": Case(1, multicast(1, 0xE000_0016, 2), []),
    "mDNS": Case(4, multicast(4, 0xE000_00FB, UDP, 5353), [3]),
    "mDNS without a rule": Case(1, multicast(1, 0xE000_00FB, UDP, 5353), []),
    "broadcast": Case(4, everybody(4, UDP, 9, 9).bytes(), [3]),
    "IPv6 to all nodes": Case(4, everybody(4, UDP, 9, 9, IPV6).bytes(), [3]),
    "echo to a port without groups": Case(4, frame(4, 1, ICMPV6, 128, family=IPV6).bytes(), []),
    "other ICMPv6 to such a port": Case(4, frame(4, 1, ICMPV6, 144, family=IPV6).bytes(), []),
    "other ICMPv6 from such a port": Case(1, frame(1, 4, ICMPV6, 144, family=IPV6).bytes(), []),
}
Seen = dict[int, set[bytes]]


def heard(wire: Frames, wanted: bytes) -> set[bytes]:
    """Return what arrives until the wanted frame has, for some seconds at most."""
    found: set[bytes] = set()
    for _ in range(40):
        found.update(wire.receive(0.05))
        if wanted in found:
            break
    return found


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """What each VM has seen on its wire after all frames were sent."""
    with ExitStack() as stack:
        hypervisor = stack.enter_context(Hypervisor())
        site = Site(hypervisor, stack.enter_context(Agent(hypervisor)))
        machines = {1: site.one, 2: site.two, 3: vm(hypervisor, 3), 4: vm(hypervisor, 4)}
        bare = [replace(port(number), security_groups=()) for number in machines]
        server = replace(bare[2], port_security_enabled=False)
        site.apply(OPEN, *SUBNETS, *bare[:2], server, replace(bare[3], security_groups=("open",)))
        wires = {n: stack.enter_context(Frames(machine)) for n, machine in machines.items()}
        found: Seen = {number: set() for number in machines}
        for case in CASES.values():
            wires[case.sender].send(case.frame)
            for number in case.receivers:
                found[number] |= heard(wires[number], case.frame)
        for number, wire in wires.items():
            found[number] |= set(wire.receive())
        yield found


@pytest.mark.parametrize("name", CASES)
def test_arrives_where_it_should_and_nowhere_else(name: str, seen: Seen) -> None:
    case = CASES[name]
    assert [number for number in seen if case.frame in seen[number]] == case.receivers
