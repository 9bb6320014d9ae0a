"""Fragments wait for their datagram, and have no ports of their own."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6ExtHdrFragment
from scapy.packet import Packet, Raw

from damselfly.flow.field import CtState

from .watched import COMMIT, WATCH, Watched, there, there6


def _pieces(number: int) -> list[Packet]:
    whole = there(UDP(sport=1000, dport=53) / Raw(b"f" * 3000))
    body = bytes(IP(bytes(whole)).payload)
    return [
        IP(src="10.0.0.1", dst="10.0.0.2", id=number, frag=at // 8, flags=int(at < 2800), proto=17)
        / Raw(body[at : at + 1400])
        for at in (0, 1400, 2800)
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_fragments_wait_for_their_datagram_and_share_its_state(order: tuple[int, ...]) -> None:
    switch = Watched(WATCH)
    pieces = _pieces(5)
    assert switch.see_all([pieces[at] for at in order[:2]]) == []
    seen = switch.see_all([pieces[order[2]]])
    assert len(seen) == 3
    assert {packet.metadata["ct_state"] for packet in seen} == {CtState.TRK | CtState.NEW}
    assert [packet.metadata.get("ct_tp_dst", 0) for packet in seen] == [53, 0, 0]


def test_a_fragment_has_no_ports_for_a_match() -> None:
    switch = Watched("udp,tp_dst=53 actions=controller(pause)\npriority=1,udp,nw_frag=first "
                     "actions=controller(pause,userdata=01)")  # fmt: skip
    assert switch.see(_pieces(6)[0]).userdata == b"\x01"


def test_a_later_ipv6_fragment_is_of_protocol_44() -> None:
    switch = Watched("udp6 actions=controller(pause)\nipv6,nw_proto=44 "
                     "actions=controller(pause,userdata=01)")  # fmt: skip
    later = there6(IPv6ExtHdrFragment(offset=100, id=1, nh=17) / Raw(b"x" * 8))
    assert switch.see(later).userdata == b"\x01"


def test_a_small_or_overlapping_fragment_is_invalid() -> None:
    first, middle, _ = _pieces(7)
    small = IP(src="10.0.0.1", dst="10.0.0.2", flags=1, proto=17) / Raw(b"x" * 80)
    switch = Watched(COMMIT)
    for packets in ([first, middle, middle], [small]):
        (refused,) = switch.see_all(packets)
        assert refused.metadata["ct_state"] == CtState.TRK | CtState.INV


def test_a_fragment_that_was_paused_does_not_meet_those_that_were_not() -> None:
    switch = Watched("""
table=0,ip actions=ct(table=1,zone=5)
table=1,ip,nw_frag=first actions=controller(pause),ct(commit,zone=1),output:8
table=1,ip,nw_frag=later actions=ct(commit,zone=1),output:8
""")
    (first,) = switch.see_all(_pieces(8))
    switch.resume(first)
    assert switch.take_sent() == []
