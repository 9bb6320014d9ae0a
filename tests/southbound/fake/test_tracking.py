"""What the tracker calls each packet, as Open vSwitch 3.1 was seen to call it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from scapy.layers.inet import ICMP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from damselfly.flow.field import CtState

from .watched import COMMIT, SHOW, WATCH, Watched, back, back6, there, there6


def states(packets: Iterable[Packet]) -> list[str]:
    """Commit every packet; return the states in the order new, est, rel, rpl, inv."""
    switch = Watched(SHOW)
    found = []
    for packet in packets:
        seen = switch.see(packet)
        switch.resume(seen)
        state = seen.metadata["ct_state"]
        found.append("+".join(bit.name.lower() for bit in CtState if state & bit & ~CtState.TRK))
    return found


SYN = there(TCP(sport=1000, dport=80, flags="S", seq=5))
DATAGRAM = there(UDP(sport=1000, dport=53) / Raw(b"?"))


@pytest.mark.parametrize("kind", [8, 13, 15])
def test_an_icmp_request_is_new_and_its_answer_established(kind: int) -> None:
    answer = {8: 0, 13: 14, 15: 16}[kind]
    packets = [there(ICMP(type=kind, id=3)), back(ICMP(type=answer, id=3))]
    assert states(packets) == ["new", "est+rpl"]


@pytest.mark.parametrize(
    ("kind", "code"), [(0, 0), (14, 0), (16, 0), (8, 1), (4, 0), (5, 0), (9, 0), (17, 0), (3, 1)]
)
def test_other_icmp_is_invalid(kind: int, code: int) -> None:
    assert states([there(ICMP(type=kind, code=code))]) == ["inv"]


def test_icmpv6_tracks_echo_and_nothing_else() -> None:
    packets = [
        there6(ICMPv6EchoRequest(id=3)),
        back6(ICMPv6EchoReply(id=3)),
        there6(ICMPv6EchoReply(id=4)),
        there6(ICMPv6ND_NS()),
    ]
    assert states(packets) == ["new", "est+rpl", "inv", "inv"]


@pytest.mark.parametrize(
    ("flags", "state"),
    [("S", "new"), ("A", "new"), ("FA", "new"), ("R", "new"), ("SA", "inv"), ("", "inv")],
)
def test_a_tcp_connection_may_be_picked_up_on_its_way(flags: str, state: str) -> None:
    assert states([there(TCP(sport=1000, dport=80, flags=flags))]) == [state]


def test_a_tcp_handshake() -> None:
    packets = [
        SYN,
        back(TCP(sport=80, dport=1000, flags="SA", seq=9, ack=6)),
        there(TCP(sport=1000, dport=80, flags="A", seq=6, ack=10)),
        there(TCP(sport=1000, dport=80, flags="A", seq=2**31, ack=10) / Raw(b"x")),
    ]
    assert states(packets) == ["new", "est+rpl", "est", "inv"]


def test_an_unanswered_datagram_stays_new_but_carries_the_label() -> None:
    switch = Watched(SHOW)
    for _ in range(2):
        switch.resume(switch.see(DATAGRAM))
    seen = switch.see(DATAGRAM).metadata
    assert (seen["ct_state"], seen["ct_label"]) == (CtState.TRK | CtState.NEW, 7)


def test_protocols_without_a_parser_share_one_entry_per_pair_of_hosts() -> None:
    first, second = (there(Raw(bytes([0, end, 0, 80]) + bytes(8))) for end in (1, 2))
    first.proto = second.proto = 136
    switch = Watched(COMMIT)
    switch.see_all([first, second])
    assert [entry[1:6] for entry in switch.connections()] == [(136, "10.0.0.1", "10.0.0.2", 0, 0)]


def test_a_wrong_checksum_is_invalid() -> None:
    spoilt = UDP(sport=1000, dport=53, chksum=7)
    none = UDP(sport=1000, dport=53, chksum=0)
    assert states([there(spoilt), there(none)]) == ["inv", "new"]


def test_an_error_is_related_and_has_a_tuple_only_where_it_answers() -> None:
    switch = Watched(SHOW)
    switch.resume(switch.see(DATAGRAM))
    answer = switch.see(back(ICMP(type=3) / DATAGRAM)).metadata
    assert answer["ct_state"] == CtState.TRK | CtState.REL | CtState.RPL
    assert (answer["ct_label"], answer["ct_nw_proto"], answer["ct_tp_dst"]) == (7, 17, 53)
    reply = back(UDP(sport=53, dport=1000))
    forth = switch.see(there(ICMP(type=3) / reply)).metadata
    assert (forth["ct_state"], forth["ct_label"]) == (CtState.TRK | CtState.REL, 7)
    assert "ct_nw_proto" not in forth


def test_an_error_that_quotes_nothing_known_is_invalid() -> None:
    too_big = back6(ICMPv6PacketTooBig() / there6(UDP(sport=1, dport=2)))
    assert states([back(ICMP(type=3) / DATAGRAM), too_big]) == ["inv", "inv"]


def test_a_packet_that_is_not_committed_leaves_no_entry() -> None:
    switch = Watched(WATCH)
    switch.see_all([SYN, SYN, DATAGRAM])
    assert switch.connections() == []


def test_zones_do_not_see_each_other() -> None:
    zones = (
        COMMIT
        + """
table=0,priority=40000,ip,in_port=2 actions=ct(table=3,zone=2)
table=3,ip actions=controller(pause)
"""
    )
    switch = Watched(zones)
    switch.see(SYN)
    switch.inject(2, bytes(Ether() / SYN))
    assert switch.seen[-1].metadata["ct_state"] == CtState.TRK | CtState.NEW
    assert {entry.zone for entry in switch.connections()} == {1}


def test_a_resumed_packet_keeps_its_state_and_registers() -> None:
    switch = Watched("""
table=0,ip actions=set_field:5->reg3,ct(table=1,zone=1)
table=1,ip actions=resubmit(,2),output:9
table=2,ip actions=controller(pause),resubmit(,3)
table=3,ip,ct_state=+new,reg3=5 actions=ct(commit,zone=1),output:8
""")
    switch.resume(switch.see(SYN))
    assert [port for port, _ in switch.take_sent()] == [8, 9]
    assert len(switch.connections()) == 1
