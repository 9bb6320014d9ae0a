"""The parser reads every header that flows can match, and refuses what contradicts itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Packet, Raw

from damselfly.southbound.frame import MalformedFrame, dissect, parse

MAC, PEER = "02:00:00:00:00:01", "02:00:00:00:00:02"
V4, V6 = {"src": "10.0.0.1", "dst": "10.0.0.2"}, {"src": "fd00::1", "dst": "fd00::2"}
ETHERNET = {"dl_src": 0x020000000001, "dl_dst": 0x020000000002}


def frame(packet: Packet) -> bytes:
    return bytes(Ether(src=MAC, dst=PEER) / packet)


SOUND: list[tuple[Packet, dict[str, int]]] = [
    (
        ARP(op=2, hwsrc=MAC, psrc="10.0.0.1", hwdst=PEER, pdst="10.0.0.2"),
        {
            "dl_type": 0x806,
            "arp_op": 2,
            "arp_sha": 0x020000000001,
            "arp_spa": 0x0A000001,
            "arp_tha": 0x020000000002,
            "arp_tpa": 0x0A000002,
        },
    ),
    (
        IP(**V4, ttl=9, options=[IPOption_NOP()] * 4) / TCP(sport=1000, dport=80),
        {"dl_type": 0x800, "nw_proto": 6, "nw_ttl": 9, "tcp_src": 1000, "tcp_dst": 80}
        | {"nw_src": 0x0A000001, "nw_dst": 0x0A000002},
    ),
    (
        Dot1Q(vlan=5, prio=3) / IP(**V4, ttl=9) / ICMP(type=3, code=1),
        {"vlan_tci": 0x7005, "dl_type": 0x800, "nw_proto": 1, "nw_ttl": 9, "icmp_type": 3}
        | {"icmp_code": 1, "nw_src": 0x0A000001, "nw_dst": 0x0A000002},
    ),
    (
        IP(**V4, ttl=9, frag=100, proto=17) / Raw(b"\x03\xe8\x00\x50later"),
        {"dl_type": 0x800, "nw_proto": 17, "nw_ttl": 9, "nw_frag": 3}
        | {"nw_src": 0x0A000001, "nw_dst": 0x0A000002},
    ),
    (
        IPv6(**V6, hlim=9) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / SCTP(sport=1, dport=2),
        {"dl_type": 0x86DD, "nw_proto": 132, "nw_ttl": 9, "sctp_src": 1, "sctp_dst": 2}
        | {"ipv6_src": (0xFD00 << 112) | 1, "ipv6_dst": (0xFD00 << 112) | 2},
    ),
    (
        IPv6(**V6, hlim=9) / IPv6ExtHdrFragment(m=1, id=7) / UDP(sport=1, dport=2),
        {"dl_type": 0x86DD, "nw_proto": 17, "nw_ttl": 9, "nw_frag": 1, "udp_src": 1, "udp_dst": 2}
        | {"ipv6_src": (0xFD00 << 112) | 1, "ipv6_dst": (0xFD00 << 112) | 2},
    ),
    (
        IPv6(**V6, hlim=255) / ICMPv6ND_NS(tgt="fd00::2") / ICMPv6NDOptSrcLLAddr(lladdr=MAC),
        {"dl_type": 0x86DD, "nw_proto": 58, "nw_ttl": 255, "icmpv6_type": 135, "icmpv6_code": 0}
        | {"ipv6_src": (0xFD00 << 112) | 1, "ipv6_dst": (0xFD00 << 112) | 2}
        | {"nd_target": (0xFD00 << 112) | 2, "nd_sll": 0x020000000001},
    ),
]


@pytest.mark.parametrize(("packet", "fields"), SOUND)
def test_all_fields_of_a_sound_frame_are_read(packet: Packet, fields: dict[str, int]) -> None:
    assert parse(frame(packet)) == ETHERNET | fields


@pytest.mark.parametrize("packet", [packet for packet, _ in SOUND])
def test_a_frame_that_is_cut_short_is_refused(packet: Packet) -> None:
    whole = frame(packet)
    for length in range(len(whole) - 1):
        with pytest.raises(MalformedFrame):
            parse(whole[:length])


def test_padding_behind_the_packet_does_not_count() -> None:
    short = frame(IP(**V4) / UDP(sport=1, dport=2))
    assert parse(short + bytes(18)) == parse(short)


def _changed(packet: Packet, at: int, value: int) -> bytes:
    data = bytearray(frame(packet))
    data[at] = value
    return bytes(data)


TWICE = ICMPv6NDOptSrcLLAddr(lladdr=MAC) / ICMPv6NDOptSrcLLAddr(lladdr=PEER)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_changed(IP(**V4) / UDP(), 14, 0x44), "lengths"),
        (_changed(IP(**V4) / UDP(), 14, 0x55), "another version"),
        (_changed(IP(**V4) / UDP(), 17, 200), "lengths"),
        (_changed(IPv6(**V6) / UDP(), 14, 0x40), "another version"),
        (_changed(IPv6(**V6) / UDP(), 19, 200), "payload cut short"),
        (_changed(IPv6(**V6) / IPv6ExtHdrHopByHop() / UDP(), 55, 9), "extension header"),
        (_changed(ARP(), 19, 5), "not for IPv4"),
        (_changed(IPv6(**V6) / ICMPv6ND_NS() / TWICE, 79, 0), "impossible length"),
        (frame(IPv6(**V6) / ICMPv6ND_NS() / TWICE), "given twice"),
    ],
)
def test_a_header_that_contradicts_the_frame_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedFrame, match=reason):
        parse(data)


def test_what_is_left_of_a_malformed_frame_is_still_read_where_the_switch_reads_it() -> None:
    layers = dissect(frame(IPv6(**V6) / ICMPv6ND_NA() / ICMPv6NDOptDstLLAddr(lladdr=MAC))[:-4])
    assert layers.fault
    assert layers.fields["dl_type"] == 0x86DD


@given(st.binary(max_size=120))
def test_any_bytes_are_either_read_or_refused(data: bytes) -> None:
    try:
        fields = parse(data)
    except MalformedFrame:
        return
    assert fields["dl_dst"] == int.from_bytes(data[:6])


@given(st.sampled_from([frame(packet) for packet, _ in SOUND]), st.data())
def test_changed_bytes_are_either_read_or_refused(whole: bytes, data: st.DataObject) -> None:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(12, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        fields = parse(bytes(changed))
    except MalformedFrame:
        return
    assert fields["dl_src"] == ETHERNET["dl_src"]
