"""Stateless groups and SCTP on real wires: packet by packet, in pieces, across a live change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment
from scapy.layers.l2 import Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from damselfly.model.address import IPV4, IPV6
from damselfly.model.direction import Direction
from damselfly.model.group import SCTP as SCTP_NUMBER
from damselfly.model.group import UDP as UDP_NUMBER
from damselfly.model.group import Rule, SecurityGroup
from damselfly.northbound import keys
from damselfly.northbound.store import Change
from lab.frames import Frames
from tests.ovs.site import Site, mac, port

pytestmark = pytest.mark.ovs
INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
SERVED = Rule("served", "loose", INGRESS, IPV4, UDP_NUMBER, 53, 53)
ANSWERS = Rule("answers", "loose", EGRESS, IPV4, UDP_NUMBER, 1000, 1000)
ANY_UDP = Rule("any", "loose", INGRESS, IPV4, UDP_NUMBER)
OUT = [Rule("out4", "loose", EGRESS, IPV4), Rule("out6", "loose", EGRESS, IPV6)]
IN = [Rule("in4", "loose", INGRESS, IPV4), Rule("in6", "loose", INGRESS, IPV6)]
STREAM = Rule("stream", "web", INGRESS, IPV4, SCTP_NUMBER, 2000, 2003)
MARK = b"wanted"


class Pair:
    """VM 1 wears the stateful group of the site, VM 2 one that is stateless."""

    def __init__(self, site: Site, one: Frames, two: Frames) -> None:
        self.site = site
        self.wires = {1: one, 2: two}
        self._rules: set[str] = set()

    def loose(self, *rules: Rule, stateful: bool = False) -> None:
        """Let the group be these rules and no others."""
        gone = self._rules - {rule.id for rule in rules}
        self._rules = {rule.id for rule in rules}
        if gone:
            self.site.agent.commit([Change(keys.rule("loose", each), None) for each in gone])
        group = SecurityGroup("loose", "loose", rules, stateful=stateful)
        self.site.apply(group, replace(port(2), security_groups=("loose",)))

    def passes(self, sender: int, *packets: Packet) -> int:
        """Send packets to the other VM; return how many of them arrive."""
        receiver = 3 - sender
        frames = [bytes(Ether(src=mac(sender), dst=mac(receiver)) / each) for each in packets]
        self.wires[receiver].drain()
        self.wires[sender].send(*frames)
        return sum(data in frames for data in self.wires[receiver].receive(0.4))


@pytest.fixture
def pair(site: Site) -> Iterator[Pair]:
    with ExitStack() as stack:
        one, two = (stack.enter_context(Frames(vm)) for vm in (site.one, site.two))
        yield Pair(site, one, two)


def udp(sender: int, src: int, dst: int, size: int = 8) -> Packet:
    ends = {"src": f"10.0.0.{sender}", "dst": f"10.0.0.{3 - sender}"}
    return IP(**ends) / UDP(sport=src, dport=dst) / Raw(MARK.ljust(size, b"."))


def pieces(whole: Packet, number: int) -> list[Packet]:
    whole[IP].id = number
    return [IP(bytes(each)) for each in fragment(whole, 1400)]


def sctp(sender: int, src: int, dst: int, size: int = 8) -> Packet:
    ends = {"src": f"10.0.0.{sender}", "dst": f"10.0.0.{3 - sender}"}
    return IP(**ends) / SCTP(sport=src, dport=dst, tag=1) / Raw(MARK.ljust(size, b"."))


def test_an_answer_needs_a_rule_and_a_live_change_of_kind_is_exact(pair: Pair) -> None:
    ask, answer = udp(1, 1000, 53), udp(2, 53, 1000)
    pair.loose(SERVED)
    assert pair.passes(1, ask) == 1
    assert pair.passes(2, answer) == 0
    pair.loose(SERVED, ANSWERS)
    assert pair.passes(2, answer) == 1
    pair.loose(SERVED, stateful=True)
    assert pair.passes(2, answer) == 0
    assert pair.passes(1, ask) == 1
    assert pair.passes(2, answer) == 1
    pair.loose(SERVED)
    assert pair.passes(2, answer) == 0
    assert pair.passes(1, ask) == 1
    pair.loose(SERVED, stateful=True)
    assert pair.passes(2, answer) == 0


def test_nothing_of_a_stateless_port_is_in_the_tracker(pair: Pair) -> None:
    pair.loose(SERVED, ANSWERS)
    assert pair.passes(1, udp(1, 1000, 53)) == 1
    assert pair.passes(2, udp(2, 53, 1000)) == 1
    held = pair.site.hypervisor.appctl("dpctl/dump-conntrack")
    status = pair.site.agent.status()
    assert status is not None
    zones = {each.port_id: each.key for each in status.ports}
    assert f"zone={zones['vm1']}" in held
    assert f"zone={zones['vm2']}" not in held


def test_fragments_meet_rules_without_ports_only(pair: Pair) -> None:
    pair.loose(ANY_UDP, *OUT)
    pair.passes(1, *pieces(udp(1, 1000, 5000, 4000), 1))
    cut = pieces(udp(1, 1000, 5000, 4000), 2)
    assert pair.passes(1, *cut) == len(cut) > 2
    pair.loose(replace(ANY_UDP, port_range_min=0, port_range_max=60_000), *OUT)
    assert pair.passes(1, udp(1, 1000, 5000)) == 1
    for number in (3, 4):
        assert pair.passes(1, *pieces(udp(1, 1000, 5000, 4000), number)) == 0
    # Towards a stateful port, which takes this one: VM 1 admits UDP to port 5000.
    pair.passes(2, udp(2, 1001, 5000))
    pair.passes(2, *pieces(udp(2, 1000, 5000, 4000), 5))
    cut = pieces(udp(2, 1000, 5000, 4000), 6)
    assert pair.passes(2, *cut) == len(cut)


def test_what_is_banned_is_banned_in_pieces(pair: Pair) -> None:
    """A DHCP reply and a router advertisement, each as a whole and cut."""
    everything = [*IN, *OUT]
    pair.loose(*everything)
    pair.site.apply(replace(port(1), security_groups=("loose",)))
    reply = udp(2, 67, 68, 4000)
    assert pair.passes(2, udp(2, 67, 68)) == 0
    for number in (1, 2, 3):
        first, *_ = cut = pieces(reply, number)
        pair.passes(2, *cut)
        assert pair.passes(2, first) == 0
    head = IPv6(src="fe80::ff:fe00:2", dst="ff02::1", nh=44)
    body = bytes([134, 0, 0, 0, 64, 0, 0, 0]) + bytes(2000)
    for number in (1, 2, 3):
        first = head / IPv6ExtHdrFragment(nh=58, offset=0, m=1, id=number) / Raw(body[:1200])
        last = head / IPv6ExtHdrFragment(nh=58, offset=150, m=0, id=number) / Raw(body[1200:])
        assert pair.passes(2, first, last) == 0


def test_an_sctp_port_opens_no_other_and_is_answered(pair: Pair) -> None:
    site = pair.site
    site.apply(STREAM)
    assert pair.passes(1, sctp(1, 1000, 2000)) == 1
    assert pair.passes(2, sctp(2, 2000, 1000)) == 1
    assert pair.passes(1, sctp(1, 1000, 2003)) == 1
    for dst in (1999, 2004, 22):
        for _ in range(2):
            assert pair.passes(1, sctp(1, 2000, dst)) == 0
    site.delete_rule("stream")
    assert pair.passes(1, sctp(1, 1000, 2000)) == 0
    assert pair.passes(2, sctp(2, 2000, 1000)) == 1  # VM 2 may send anything: it opens one
