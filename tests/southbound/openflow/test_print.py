"""What we send, as ``ovs-ofctl ofp-print`` reads it."""

from __future__ import annotations

import re
import subprocess
from random import Random

import pytest

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import Match, ct_state, match
from damselfly.southbound.openflow.codec import messages, packet_in, stats
from damselfly.southbound.openflow.codec.messages import BundleStep, Command, MeterCommand

from .recorded import recorded
from .support.samples import random_flows

ADDRESS = 0xFD000009 << 96
PREFIX = ((1 << 64) - 1) << 64


def printed(message: bytes) -> str:
    """Print a message, without the line's times and with single spaces."""
    done = subprocess.run(
        ["ovs-ofctl", "-m", "ofp-print", message.hex()], capture_output=True, text=True, check=True
    )
    assert "decode error" not in done.stdout
    return " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (match(), ""),
        (match(in_port=5, metadata=0x1F), "metadata=0x1f,in_port=5"),
        (match(dl_type=0x800, nw_src=(0x0A000000, 0xFF000000)), "ip,nw_src=10.0.0.0/8"),
        (match(dl_type=0x800, nw_frag=(3, 3)), "ip,nw_frag=later"),
        (match(dl_type=0x800, nw_frag=(1, 1)), "ip,nw_frag=yes"),
        (match(vlan_tci=(0, 0x1FFF)), "vlan_tci=0x0000/0x1fff"),
        (match(dl_type=0x806, arp_op=1, arp_spa=1, arp_sha=2), "arp,arp_spa=0.0.0.1,arp_op=1,"),
        (
            match(dl_type=0x86DD, nw_proto=58, icmpv6_type=0, icmpv6_code=0),
            "icmp6,icmp_type=0,icmp_code=0",
        ),
        (
            match(
                dl_type=0x800, ct_state=ct_state("+trk-inv"), ct_nw_proto=6, ct_tp_dst=(80, 0xFFF0)
            ),
            "ct_state=-inv+trk,ct_nw_proto=6,ct_tp_dst=0x50/0xfff0,ip",
        ),
        (
            match(dl_type=0x86DD, ct_state=ct_state("+new"), ct_ipv6_src=(ADDRESS, PREFIX)),
            "ct_state=+new,ct_ipv6_src=fd00:9::/64,ipv6",
        ),
        (match(dl_type=0x800, nw_proto=132, sctp_dst=2000), "sctp,tp_dst=2000"),
        (match(xxreg0=5, reg4=(1, 3)), "reg0=0,reg1=0,reg2=0,reg3=0x5,reg4=0x1/0x3"),
        (match(ct_label=(1 << 127, 3 << 126)), "ct_label=0x80000000000000000000000000000000/0xc0"),
        (match(tun_id=5, tun_src=0x01020304), "tun_id=0x5,tun_src=1.2.3.4"),
    ],
)
def test_matches(wanted: Match, text: str) -> None:
    line = printed(messages.flow_mod(Flow(3, 9, wanted, (), 0x77), 1))
    assert f"table:3 priority=9{',' if text else ' '}{text}" in line
    assert "cookie:0x77" in line
    assert line.endswith("actions=drop")


@pytest.mark.parametrize(
    ("actions", "text"),
    [
        ((), "drop"),
        ((SetField("reg5", 0),), "set_field:0->reg5"),
        ((SetField("dl_src", 0x020000000001),), "set_field:02:00:00:00:00:01->eth_src"),
        ((SetField("in_port", 0),), "set_field:0->in_port"),
        ((Move("dl_src", "dl_dst"),), "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]"),
        ((Move("ct_label", "xxreg0"),), "move:NXM_NX_CT_LABEL[]->NXM_NX_XXREG0[]"),
        ((Resubmit(0), Resubmit(254)), "resubmit(,0),resubmit(,254)"),
        ((Output(7), CtClear()), "output:7,ct_clear"),
        ((Meter(5), Controller(b"\1\2")), "meter:5,controller(userdata=01.02,pause)"),
        ((Controller(),), "controller(pause)"),
        ((Conntrack(0),), "ct()"),
        ((Conntrack(9, table=0),), "ct(table=0,zone=9)"),
        (
            (Conntrack("reg6", None, True, (Move("reg1", "ct_mark"),)),),
            "ct(commit,zone=NXM_NX_REG6[0..15],exec(move:NXM_NX_REG1[]->NXM_NX_CT_MARK[]))",
        ),
    ],
)
def test_actions(actions: tuple[Action, ...], text: str) -> None:
    line = printed(messages.flow_mod(Flow(1, 2, match(dl_type=0x800), actions), 1))
    assert line.endswith(f"actions={text}")


def test_random_flows_are_understood() -> None:
    flows = random_flows(60, Random(11), meters=(1, 2))
    for flow in flows:
        assert f"table:{flow.table} " in printed(messages.flow_mod(flow, 1)) or flow.table == 0


def test_flow_mods_say_what_to_do() -> None:
    flow = Flow(4, 5, match(reg1=1), (Output(1),))
    assert " ADD table:4 " in printed(messages.flow_mod(flow, 1))
    assert " MOD_STRICT table:4 " in printed(messages.flow_mod(flow, 1, Command.MODIFY_STRICT))
    deletion = printed(messages.flow_delete(flow.key, 1))
    assert " DEL_STRICT table:4 priority=5,reg1=0x1 " in deletion


def test_meters() -> None:
    band = MeterBand(7, 100, 10)
    text = "meter=7 pktps burst stats bands= type=drop rate=100 burst_size=10"
    assert f" ADD {text}" in printed(messages.meter_mod(MeterCommand.ADD, band, 1))
    assert f" MOD {text}" in printed(messages.meter_mod(MeterCommand.MODIFY, band, 1))
    assert " DEL meter=7 " in printed(messages.meter_mod(MeterCommand.DELETE, band, 1))


def test_bundles() -> None:
    inner = messages.flow_mod(Flow(0, 1, match()), 9)
    assert re.search(
        r"bundle_id=0x5 type=OPEN_REQUEST flags=atomic ordered",
        printed(messages.bundle_control(BundleStep.OPEN, 5, 1)),
    )
    assert "type=COMMIT_REQUEST" in printed(messages.bundle_control(BundleStep.COMMIT, 5, 1))
    assert "type=DISCARD_REQUEST" in printed(messages.bundle_control(BundleStep.DISCARD, 5, 1))
    added = printed(messages.bundle_add(5, inner, 9))
    assert "bundle_id=0x5 flags=atomic ordered" in added
    assert "OFPT_FLOW_MOD" in added


def test_requests() -> None:
    assert "version bitmap: 0x04" in printed(messages.hello(1))
    assert "miss_send_len=65535" in printed(messages.set_config(1))
    assert "NXT_SET_PACKET_IN_FORMAT" in printed(messages.packet_in_format(1))
    assert printed(messages.packet_in_format(1)).endswith("format=nxt_packet_in2")
    assert "OFPT_BARRIER_REQUEST" in printed(messages.barrier(1))
    assert printed(messages.flush_zone(65535, 1)).endswith("zone_id=65535")
    assert "OFPST_FLOW request" in printed(stats.flows_request(1))
    assert "OFPST_AGGREGATE request" in printed(stats.count_request(1))
    assert "OFPST_METER_CONFIG request" in printed(stats.meters_request(1))
    assert "OFPST_METER request" in printed(stats.meter_stats_request(1))


def test_a_packet_out_carries_the_frame() -> None:
    frame = bytes.fromhex("020000000002020000000001 0806") + bytes(28)
    line = printed(messages.packet_out(frame, (SetField("reg1", 5), Resubmit(3)), 0xFFFFFFFD, 1))
    assert "in_port=CONTROLLER" in line
    assert "actions=set_field:0x5->reg1,resubmit(,3) data_len=42" in line


def test_a_resume_repeats_the_packet() -> None:
    (message,) = recorded("packet_in")
    packet = packet_in.decode_packet_in(message)
    paused, resumed = printed(message), printed(packet_in.encode_resume(packet, 0))
    assert resumed.startswith("NXT_RESUME")
    assert resumed.removeprefix("NXT_RESUME") == paused.removeprefix("NXT_PACKET_IN2")
