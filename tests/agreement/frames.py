"""Random frames between two hosts: few addresses and ports, so that packets meet again.

Numbers of datagrams never repeat, since Open vSwitch keeps stray fragments from case to case.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.l2 import ARP, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from .tcp import ports, segments

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
V4 = ("10.0.0.1", "10.0.0.2")
V6 = ("fd00::1", "fd00::2")
_numbers = itertools.count(1)


class Sent(NamedTuple):
    """A frame and the port it goes in by."""

    ofport: int
    frame: bytes


@dataclass(frozen=True)
class Way:
    """From one host to the other, in one family."""

    source: int
    is_v6: bool

    @property
    def network(self) -> Packet:
        """The IP header."""
        addresses = V6 if self.is_v6 else V4
        src, dst = addresses[self.source], addresses[1 - self.source]
        number = next(_numbers) & 0xFFFF
        return IPv6(src=src, dst=dst) if self.is_v6 else IP(src=src, dst=dst, id=number)

    def send(self, packet: Packet) -> Sent:
        """Put a packet into a frame."""
        ether = Ether(src=MACS[self.source], dst=MACS[1 - self.source])
        return Sent(self.source + 1, bytes(ether / packet))


ways = st.builds(Way, st.integers(0, 1), st.booleans())
payloads = st.sampled_from((b"", b"x", b"y" * 700))


@st.composite
def datagrams(draw: st.DrawFn) -> Packet:
    """UDP datagrams; some without a checksum, some with a wrong one."""
    packet = UDP(sport=draw(ports), dport=draw(ports)) / Raw(draw(payloads))
    wrong = draw(st.sampled_from((None, None, None, None, 0, 7)))
    if wrong is not None:
        packet.chksum = wrong
    return packet


@st.composite
def messages(draw: st.DrawFn, *, is_v6: bool) -> Packet:
    """ICMP or ICMPv6 messages that quote nothing."""
    number = draw(st.integers(1, 2))
    if is_v6:
        echo = draw(st.sampled_from((ICMPv6EchoRequest, ICMPv6EchoRequest, ICMPv6EchoReply)))
        return echo(id=number, code=draw(st.sampled_from((0, 0, 0, 1))))
    kind = draw(st.sampled_from((8, 8, 8, 0, 0, 13, 14, 15, 16, 3, 4, 5, 9, 11, 17, 40)))
    return ICMP(type=kind, code=draw(st.sampled_from((0, 0, 0, 1))), id=number)


others = st.builds(
    lambda protocol, body: (protocol, Raw(body)),
    st.sampled_from((2, 47, 50, 136, 253)),
    st.sampled_from((b"", b"\x03\xe8\x00\x50\x00\x08\x00\x00", b"z" * 40)),
)


@st.composite
def tracked(draw: st.DrawFn) -> Sent:
    """Whole packets of any protocol, with or without extension headers."""
    way = draw(ways)
    network = way.network
    if draw(st.integers(0, 7)) == 0:
        network = _extended(network, draw(st.integers(0, 3)))
    protocol = draw(st.sampled_from(("tcp", "tcp", "udp", "udp", "icmp", "sctp", "other")))
    if protocol == "other":
        number, body = draw(others)
        setattr(network.lastlayer(), "nh" if way.is_v6 else "proto", number)
        return way.send(network / body)
    body = {
        "tcp": segments(),
        "udp": datagrams(),
        "icmp": messages(is_v6=way.is_v6),
        "sctp": st.builds(SCTP, sport=ports, dport=ports),
    }[protocol]
    return way.send(network / draw(body))


def _extended(network: Packet, choice: int) -> Packet:
    if isinstance(network, IP):
        network.options = [IPOption_NOP()] * 4
        return network
    header = (
        IPv6ExtHdrHopByHop,
        IPv6ExtHdrDestOpt,
        lambda: IPv6ExtHdrFragment(id=next(_numbers)),
        lambda: IPv6ExtHdrRouting(addresses=["fd00::9"]),
    )[choice]
    return network / header()


@st.composite
def fragmented(draw: st.DrawFn) -> list[Sent]:
    """A big datagram in pieces: in any order, some twice, some lost, some too small."""
    way = draw(ways)
    network = way.network
    source, destination = draw(ports), draw(ports)
    whole = (
        network
        / UDP(sport=source, dport=destination)
        / Raw(b"f" * draw(st.sampled_from((3000, 4100))))
    )
    size = draw(st.sampled_from((1208, 1240, 1400, 800)))
    body = bytes(whole.__class__(bytes(whole)).payload)
    number = next(_numbers)
    pieces = []
    for start in range(0, len(body), size):
        more = start + size < len(body)
        part = Raw(body[start : start + size])
        pieces.append(way.send(_fragment(way, number, (start // 8, more)) / part))
    order = draw(st.permutations(pieces))
    if draw(st.integers(0, 3)) == 0:
        order = [*order, draw(st.sampled_from(pieces))]
    return order[draw(st.sampled_from((0, 0, 0, 1))) :]


def _fragment(way: Way, number: int, place: tuple[int, bool]) -> Packet:
    offset, more = place
    network = way.network
    if way.is_v6:
        return network / IPv6ExtHdrFragment(offset=offset, m=int(more), id=number, nh=17)
    network.id, network.frag, network.flags, network.proto = number & 0xFFFF, offset, int(more), 17
    return network


@st.composite
def neighbours(draw: st.DrawFn) -> Sent:
    """ARP and neighbour discovery."""
    way = draw(ways)
    mac, far = MACS[way.source], 1 - way.source
    if not way.is_v6:
        operation = draw(st.sampled_from((1, 2, 9)))
        arp = ARP(op=operation, hwsrc=mac, psrc=V4[way.source], pdst=V4[far])
        return way.send(arp)
    message = draw(
        st.sampled_from(
            (
                ICMPv6ND_NS(tgt=V6[far]) / ICMPv6NDOptSrcLLAddr(lladdr=mac),
                ICMPv6ND_NA(tgt=V6[way.source]) / ICMPv6NDOptDstLLAddr(lladdr=mac),
                ICMPv6ND_NS(tgt=V6[far]),
                ICMPv6ND_RS(),
            )
        )
    )
    return way.send(way.network / message)
