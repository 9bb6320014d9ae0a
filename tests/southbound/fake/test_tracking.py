"""What the tracker calls each packet, as Open vSwitch 3.1 was seen to call it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NS,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrFragment,
)
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from damselfly.flow.delta import Delta
from damselfly.flow.field import CtState
from damselfly.flow.text import parse_flows
from damselfly.southbound.fake import FakeSwitch
from damselfly.southbound.switch import PacketIn

COMMIT = """
table=0,ip actions=ct(table=1,zone=1)
table=0,ipv6 actions=ct(table=1,zone=1)
table=1,ip,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label)),controller(pause)
table=1,ipv6,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label)),controller(pause)
table=1,priority=0 actions=controller(pause)
"""
WATCH = COMMIT.replace("ct(commit,zone=1,exec(set_field:7->ct_label)),", "")
# The state is shown before the commit hides it.
SHOW = (
    WATCH.replace("controller(pause)", "controller(pause),resubmit(,2)")
    + """
table=2,ip,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label))
table=2,ipv6,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label))
"""
)


class Watched(FakeSwitch):
    """Shows what the tracker said of each packet, where its flows pause packets."""

    def __init__(self, flows: str) -> None:
        super().__init__()
        self.seen: list[PacketIn] = []
        self.on_packet_in = self.seen.append
        asyncio.run(self.apply(Delta(add=tuple(parse_flows(flows)))))

    def see(self, packet: Packet) -> PacketIn:
        """Send a packet in; return what the agent was shown."""
        return self.see_all([packet])[0]

    def see_all(self, packets: Iterable[Packet]) -> list[PacketIn]:
        self.seen.clear()
        for packet in packets:
            self.inject(1, bytes(Ether() / packet))
        return self.seen


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


def there(body: Packet) -> Packet:
    return IP(src="10.0.0.1", dst="10.0.0.2") / body


def back(body: Packet) -> Packet:
    return IP(src="10.0.0.2", dst="10.0.0.1") / body


def there6(body: Packet) -> Packet:
    return IPv6(src="fd00::1", dst="fd00::2") / body


def back6(body: Packet) -> Packet:
    return IPv6(src="fd00::2", dst="fd00::1") / body


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
