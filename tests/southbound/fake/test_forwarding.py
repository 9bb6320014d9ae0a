"""The fake switch forwards by priority and mask, tracks connections and pauses packets."""

from __future__ import annotations

import asyncio

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from damselfly.errors import SwitchError, SwitchGone
from damselfly.flow.action import Conntrack, Controller, Meter, Output, Resubmit, SetField
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import ct_state, match
from damselfly.southbound.fake import Connection, FakeSwitch
from damselfly.southbound.switch import PacketIn, Switch

IP4 = 0x800


def switch_with(*flows: Flow) -> FakeSwitch:
    switch = FakeSwitch()
    asyncio.run(switch.apply(Delta(add=flows)))
    return switch


def frame(packet: Packet) -> bytes:
    ether = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    return bytes(ether / IP(src="10.0.0.1", dst="10.0.0.2") / packet)


def answer(packet: Packet) -> bytes:
    ether = Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01")
    return bytes(ether / IP(src="10.0.0.2", dst="10.0.0.1") / packet)


def ports(sent: list[tuple[int, bytes]]) -> list[int]:
    return [port for port, _ in sent]


def test_is_a_switch() -> None:
    switch: Switch = FakeSwitch()
    assert switch is not None


def test_the_highest_priority_wins() -> None:
    switch = switch_with(
        Flow(0, 10, match(dl_type=IP4), (Output(2),)),
        Flow(0, 20, match(dl_type=IP4, nw_dst=(0x0A000000, 0xFF000000)), (Output(3),)),
        Flow(0, 5, match(), (Output(4),)),
    )
    assert ports(switch.inject(1, frame(UDP()))) == [3]


def test_nothing_goes_back_to_the_port_it_came_from() -> None:
    switch = switch_with(Flow(0, 1, match(), (Output(1), Output(2))))
    assert ports(switch.inject(1, frame(UDP()))) == [2]
    assert ports(switch.inject(2, frame(UDP()))) == [1]


def test_registers_outlive_a_resubmit() -> None:
    switch = switch_with(
        Flow(0, 1, match(), (Resubmit(1), Resubmit(2))),
        Flow(1, 1, match(), (SetField("reg0", 5),)),
        Flow(2, 1, match(reg0=5), (Output(2),)),
    )
    assert ports(switch.inject(1, frame(UDP()))) == [2]


TRACKED = (
    Flow(0, 1, match(dl_type=IP4), (SetField("reg6", 7), Conntrack("reg6", table=1))),
    Flow(
        1,
        1,
        match(dl_type=IP4, ct_state=ct_state("+trk+new"), in_port=1),
        (Conntrack("reg6", commit=True, sets=(SetField("ct_label", 9),)), Output(2)),
    ),
    Flow(1, 1, match(dl_type=IP4, ct_state=ct_state("+trk+est"), ct_label=9), (Output(1),)),
)


def test_answers_of_a_committed_connection_are_established() -> None:
    switch = switch_with(*TRACKED)
    assert ports(switch.inject(1, frame(TCP(sport=4000, dport=80, flags="S")))) == [2]
    assert switch.connections() == [
        Connection(7, 6, "10.0.0.1", "10.0.0.2", 4000, 80, mark=0, label=9)
    ]
    reply = answer(TCP(sport=80, dport=4000, flags="SA", ack=1))
    assert ports(switch.inject(2, reply)) == [1]


def test_a_flushed_zone_forgets() -> None:
    switch = switch_with(*TRACKED)
    switch.inject(1, frame(TCP(sport=4000, dport=80, flags="S")))
    asyncio.run(switch.flush_zone(7))
    assert switch.connections() == []
    assert switch.inject(2, answer(TCP(sport=80, dport=4000, flags="SA", ack=1))) == []


def test_an_uncommitted_connection_leaves_no_entry() -> None:
    switch = switch_with(*TRACKED)
    assert switch.inject(2, answer(UDP(sport=53, dport=53))) == []
    assert switch.connections() == []


def test_an_icmp_request_has_its_type_in_the_tuple() -> None:
    switch = switch_with(*TRACKED)
    switch.inject(1, frame(ICMP(type=8, id=5)))
    assert [c[4:6] for c in switch.connections()] == [(8, 0)]


def test_a_paused_packet_goes_on_behind_the_pause() -> None:
    switch = switch_with(
        Flow(0, 1, match(), (SetField("reg3", 4), Resubmit(1), Output(3)), cookie=8),
        Flow(1, 1, match(), (Controller(b"why"), Resubmit(2), Output(2)), cookie=9),
        Flow(2, 1, match(reg3=4), (Output(4),)),
    )
    seen: list[PacketIn] = []
    switch.on_packet_in = seen.append
    assert switch.inject(1, frame(UDP())) == []
    (packet,) = seen
    # Open vSwitch names the first flow that the packet took.
    assert (packet.table, packet.cookie, packet.userdata) == (0, 8, b"why")
    assert packet.metadata == {"in_port": 1, "reg3": 4}
    switch.resume(packet)
    assert ports(switch.take_sent()) == [4, 2, 3]


def test_a_flow_without_its_prerequisites_is_refused_and_nothing_of_the_bundle_stays() -> None:
    switch = FakeSwitch()
    good = Flow(0, 1, match(), ())
    bad = Flow(0, 2, match(tcp_dst=80), ())
    with pytest.raises(SwitchError, match="BAD_PREREQ"):
        asyncio.run(switch.apply(Delta(add=(good, bad))))
    assert asyncio.run(switch.flows()) == []


def test_a_flow_with_an_unknown_meter_is_refused() -> None:
    with pytest.raises(SwitchError, match="INVALID_METER"):
        switch_with(Flow(0, 1, match(), (Meter(1), Output(2))))


def test_a_meter_drops_what_exceeds_its_limit_and_takes_its_flows_along() -> None:
    switch = FakeSwitch()
    asyncio.run(switch.set_meters([MeterBand(1, rate=100, burst=10)]))
    asyncio.run(switch.apply(Delta(add=(Flow(0, 1, match(), (Meter(1), Output(2))),))))
    switch.limit_meter(1, 1)
    assert ports(switch.inject(1, frame(UDP()))) == [2]
    assert switch.inject(1, frame(UDP())) == []
    (stats,) = asyncio.run(switch.meter_stats())
    assert (stats.packets_in, stats.dropped) == (2, 1)
    asyncio.run(switch.delete_meters([1]))
    assert asyncio.run(switch.flows()) == []


def test_the_refused_flow_mod_is_the_one_that_was_named() -> None:
    switch = FakeSwitch()
    refused: list[SwitchError] = []
    switch.on_refused = refused.append
    switch.refuse_flow_mod(2)
    switch.add(Flow(0, 1, match(), ()))
    switch.add(Flow(0, 2, match(), ()))
    switch.add(Flow(0, 3, match(), ()))
    assert ["TABLE_FULL" in str(error) for error in refused] == [True]
    assert [s.flow.priority for s in asyncio.run(switch.flows())] == [1, 3]


def test_a_lost_connection_is_noticed_by_whoever_waits() -> None:
    switch = switch_with(Flow(0, 1, match(), (Output(2),)))
    switch.disconnect()
    with pytest.raises(SwitchGone):
        asyncio.run(switch.barrier())
    assert ports(switch.inject(1, frame(UDP()))) == [2]
