"""What a real switch once said, and what it meant."""

from __future__ import annotations

from damselfly.flow.action import (
    Conntrack,
    Controller,
    CtClear,
    Foreign,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import ct_state, match
from damselfly.southbound.openflow.codec import errors, packet_in, stats
from damselfly.southbound.switch import FlowStats, MeterStats

from .recorded import recorded

SETS = (SetField("ct_label", 0x77), Move("reg2", "ct_mark"))
FLOWS = [
    Flow(
        0,
        100,
        match(dl_type=0x800, nw_src=(0x0A000000, 0xFF000000), reg6=5),
        (SetField("reg2", 1), Resubmit(7)),
        0x1234,
    ),
    Flow(
        1,
        0,
        match(
            dl_type=0x86DD,
            ct_state=ct_state("+trk-inv"),
            ct_ipv6_src=(0xFD000009 << 96, ((1 << 64) - 1) << 64),
            ct_nw_proto=6,
            ct_tp_dst=(8080, 0xFFF0),
        ),
        (Conntrack("reg6", commit=True, sets=SETS), Resubmit(9)),
    ),
    Flow(
        2,
        7,
        match(vlan_tci=(0x1005, 0xFFFF), dl_src=0x020000000001),
        (Meter(3), Controller(b"\x01\x02\xff"), Resubmit(2)),
    ),
    Flow(
        3,
        65535,
        match(
            dl_type=0x86DD,
            nw_proto=58,
            icmpv6_type=135,
            icmpv6_code=0,
            nd_target=0xFE80 << 112 | 1,
        ),
        (CtClear(), Output(4), Conntrack(9, table=5)),
    ),
    Flow(4, 1, match(), (Output(0xFFFFFFFA),)),
]
"""As the note in the recording states them."""


def test_flows_are_read_as_they_were_added() -> None:
    (answer,) = recorded("flows")
    *ours, expiring = stats.decode_flows(answer)
    assert ours == [FlowStats(flow, 0, 0) for flow in FLOWS]
    assert stats.is_last(answer)
    assert expiring.flow.key == Flow(5, 2, match()).key
    assert [type(action) for action in expiring.flow.actions] == [Foreign]


def test_meters_in_kilobits_are_read_as_no_meter_of_ours() -> None:
    (answer,) = recorded("meters")
    assert stats.decode_meters(answer) == [MeterBand(4, 0, 0), MeterBand(3, 100, 10)]


def test_a_meters_counters_are_read() -> None:
    (answer,) = recorded("meter_stats")
    assert stats.decode_meter_stats(answer) == [MeterStats(4, 0, 0), MeterStats(3, 30, 20)]


def test_a_paused_packet_is_read_with_its_metadata() -> None:
    (message,) = recorded("packet_in")
    packet = packet_in.decode_packet_in(message)
    assert packet_in.is_packet_in(message)
    assert (packet.cookie, packet.userdata) == (0xFEEDFACECAFE, b"\x01\x02hi")
    assert packet.data[-4:] == b"abcd"
    assert len(packet.data) == 14 + 32
    assert packet.metadata == {
        "in_port": 1,
        "dl_type": 0x800,
        "reg0": 77,
        "reg3": 3,
        "ct_state": 0x21,
        "ct_zone": 7,
        "ct_nw_src": 0x0A000001,
        "ct_nw_dst": 0x0A000002,
        "ct_nw_proto": 17,
        "ct_tp_src": 5000,
        "ct_tp_dst": 53,
    }


def test_errors_are_read_by_name() -> None:
    (refused,) = recorded("error_prerequisite")
    assert errors.decode_error(refused).name == "OFPBMC_BAD_PREREQ"
    flow, commit = map(errors.decode_error, recorded("error_bundle"))
    assert flow.name == "OFPMMFC_INVALID_METER"
    assert commit.name == "OFPBFC_MSG_FAILED"
    assert commit.xid == flow.xid + 1


def test_an_error_unknown_here_is_named_by_its_numbers() -> None:
    unknown = bytes.fromhex("0401000c00000007 00630005")
    assert errors.decode_error(unknown) == errors.Refusal(7, "error type 99 code 5")
    vendor = bytes.fromhex("0401001000000007 ffff0005 00abcdef")
    assert errors.decode_error(vendor).name == "error 5 of vendor 0xabcdef"
