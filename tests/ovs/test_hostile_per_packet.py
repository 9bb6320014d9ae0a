"""What passes uncommitted, in more pieces than the tracker hands on at once.

The rest of such a datagram goes on with whatever packet is tracked next, in its stead.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import SCTP as SCTP_NUMBER
from damselfly.model.group import TCP as TCP_NUMBER
from damselfly.model.group import UDP as UDP_NUMBER
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.network import Network
from lab.frames import Frames
from tests.ovs.site import Site, mac, port, vm

pytestmark = pytest.mark.ovs

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
MARK = b"stowaway"
ROUNDS = 12
"""Datagrams of 40 pieces; more at a time would exceed what the sender may send."""
ANYTHING = SecurityGroup(
    "any", "any", (Rule("a-in", "any", INGRESS, IPV4), Rule("a-out", "any", EGRESS, IPV4))
)
NO_SCTP = SecurityGroup(
    "quiet", "quiet",
    (
        Rule("q-in", "quiet", INGRESS, IPV4),
        Rule("q-tcp", "quiet", EGRESS, IPV4, TCP_NUMBER),
        Rule("q-udp", "quiet", EGRESS, IPV4, UDP_NUMBER),
    ),
)  # fmt: skip
ASKED = IP(src="10.0.0.2", dst="10.0.0.1") / UDP(sport=1000, dport=999) / Raw(MARK)
HEADS = {
    "protocol 0": IP(src="10.0.0.1", dst="10.0.0.2", proto=0),
    "sctp": IP(src="10.0.0.1", dst="10.0.0.2", proto=SCTP_NUMBER),
    "icmp error": IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(type=3, code=3) / ASKED,
}
"""Kinds of datagrams of VM 1; the latter two answer VM 2."""


@pytest.fixture
def wires(site: Site) -> Iterator[dict[int, Frames]]:
    """VMs 1 and 2 on one network; on another VM 4 and its router, 5, of which nothing is asked."""
    machines = {1: site.one, 2: site.two} | {n: vm(site.hypervisor, n) for n in (4, 5)}
    fourth = replace(port(4), network_id="other", security_groups=("quiet",))
    router = replace(port(5), network_id="other", security_groups=(), port_security_enabled=False)
    friends = (replace(port(number), security_groups=("any",)) for number in (1, 2))
    site.apply(Network("other", "other", 8), ANYTHING, NO_SCTP, fourth, router, *friends)
    with ExitStack() as stack:
        yield {n: stack.enter_context(Frames(machine)) for n, machine in machines.items()}


@pytest.mark.parametrize("kind", HEADS)
def test_what_finds_no_place_in_its_batch_gets_to_no_other_network(
    wires: dict[int, Frames], kind: str
) -> None:
    """VM 1 names VM 4 by its MAC, although it is on another network; the router wakes VM 4."""
    for opening in (ASKED, IP(src="10.0.0.2", dst="10.0.0.1") / SCTP(sport=1, dport=2, tag=1)):
        wires[2].send(_framed(1, opening))
    time.sleep(0.3)
    for number in range(ROUNDS):
        wires[1].send(*_long(HEADS[kind], number))
        time.sleep(0.15)
        wires[5].send(_waking(number))
        time.sleep(0.05)
    arrived = wires[4].receive()
    assert _waking(ROUNDS - 1) in arrived
    assert [frame for frame in arrived if MARK in frame] == []


def _long(head: Packet, number: int) -> list[bytes]:
    whole = head.copy() / Raw(MARK * 4000)
    whole[IP].id = number
    return [_framed(4, IP(bytes(piece))) for piece in fragment(whole, fragsize=800)]


def _waking(number: int) -> bytes:
    packet = IP(src="10.0.0.5", dst="10.0.0.4") / TCP(sport=1000 + number, dport=80, flags="S")
    return _framed(4, packet)


def _framed(receiver: int, packet: Packet) -> bytes:
    sender = int(packet[IP].src.rpartition(".")[2])
    return bytes(Ether(src=mac(sender), dst=mac(receiver)) / packet)
