"""Flows keep their meaning through ovs-ofctl's syntax, and bad text is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given

from damselfly.flow.action import Conntrack, Controller, Move, Output, Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, match
from damselfly.flow.text import format_flow, format_match, parse_flow, parse_flows, parse_match

from .flows import flows

FROM_A_SWITCH = """\
ip,vlan_tci=0x0000/0x1000,nw_ttl=5,nw_frag=later actions=set_field:10.0.0.1->ip_src
ip,dl_vlan=5,nw_frag=not_later actions=set_field:0x1->xxreg0,set_field:0x5->tun_id
ct_mark=0x5,ct_label=0x5/0xff,ip,reg3=0x5/0xff,tun_id=0x1/0xff,in_port=5 actions=controller(pause)
ct_state=+est+trk,ct_ipv6_src=fe80::/64,ct_nw_proto=6,ct_tp_dst=0x50/0xfff0,ipv6 actions=LOCAL
sctp6,in_port=LOCAL,tp_dst=3 actions=IN_PORT
icmp,icmp_type=0,icmp_code=0 actions=drop
rarp actions=set_field:0x1005->vlan_tci
dl_vlan=5,dl_vlan_pcp=2 actions=drop
ct_mark=0x1/0x3,ip,nw_src=10.0.0.0/255.0.255.0 actions=meter:5,controller(userdata=01.ff,pause)
ct_state=-trk,ip,reg15=0 actions=ct(table=5,zone=5),ct(table=6)
ct_zone=0,ct_mark=0,ct_label=0,reg0=0,tun_id=0,metadata=0,dl_dst=00:00:00:00:00:00 actions=drop
table=1, priority=26,ct_state=-new-est actions=drop
table=1, priority=23 actions=drop
table=1, arp,arp_spa=10.0.0.1,arp_tpa=10.0.0.2,arp_op=1 actions=set_field:00:00:00:00:00:01->eth_src
cookie=0x5, table=5, priority=100,ct_state=-inv+trk,tcp,nw_src=10.0.0.0/24,tp_dst=0x50/0xfff0 \
actions=move:NXM_NX_REG0[]->NXM_NX_REG1[],resubmit(,50),\
ct(commit,zone=NXM_NX_REG6[0..15],exec(set_field:0x77->ct_label,move:NXM_NX_REG0[]->NXM_NX_CT_MARK[]))
"""
"""Lines that ``ovs-ofctl -O OpenFlow13 --no-stats dump-flows`` of Open vSwitch 3.1 printed."""


@given(flows())
def test_a_flow_is_read_back_as_it_was(flow: Flow) -> None:
    assert parse_flow(format_flow(flow)) == flow


@pytest.mark.parametrize("line", FROM_A_SWITCH.splitlines())
def test_what_a_switch_prints_is_read_and_written_unchanged(line: str) -> None:
    assert format_flow(parse_flow(line)) == line


def test_everything_is_read_as_what_it_means() -> None:
    text = (
        "table=5,priority=7,cookie=0x9,tcp6,ct_state=+trk-inv,ipv6_dst=fd00::/16,tp_dst=80/0xfff0,"
        "actions=set_field:5->reg0,move:NXM_NX_REG0[]->NXM_NX_REG1[],resubmit(,6),"
        "ct(commit,table=8,zone=NXM_NX_REG6[0..15],exec(set_field:7->ct_label)),"
        "controller(pause,userdata=01.0a),output:3"
    )
    wanted = match(
        dl_type=0x86DD,
        nw_proto=6,
        ct_state=ct_state("+trk-inv"),
        ipv6_dst=(0xFD00 << 112, 0xFFFF << 112),
        tcp_dst=(80, 0xFFF0),
    )
    actions = (
        SetField("reg0", 5),
        Move("reg0", "reg1"),
        Resubmit(6),
        Conntrack("reg6", 8, commit=True, sets=(SetField("ct_label", 7),)),
        Controller(b"\x01\x0a"),
        Output(3),
    )
    assert parse_flow(text) == Flow(5, 7, wanted, actions, cookie=9)


def test_counters_of_a_dump_are_passed_over() -> None:
    line = " cookie=0x0, duration=1.5s, table=1, n_packets=2, n_bytes=9, idle_age=3, actions=drop"
    assert parse_flow(line) == Flow(1, 0x8000, Match())


def test_short_names_follow_the_protocol() -> None:
    assert parse_match("udp,tp_dst=53") == parse_match("dl_type=0x0800,nw_proto=17,udp_dst=53")
    assert parse_match("icmp6,icmp_type=128") == parse_match("icmp6,icmpv6_type=128")


def test_a_match_of_everything_is_empty() -> None:
    assert format_match(Match()) == ""
    assert parse_match("") == Match()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("priority=5", "no actions="),
        ("tp_dst=80 actions=drop", "needs tcp, udp or sctp"),
        ("tcp,tp_dst=65536 actions=drop", "more than 16 bits"),
        ("tcp,tp_dst=http actions=drop", "cannot be read"),
        ("ip,nw_src=10.0.0.256 actions=drop", "cannot be read"),
        ("ip,nw_src=10.0.0.0/33 actions=drop", "longer than 32"),
        ("dl_src=02:00:00:00:00 actions=drop", "is not a MAC address"),
        ("ct_state=trk actions=drop", r"\+trk-inv"),
        ("ip,nw_frag=maybe actions=drop", "not_later"),
        ("colour=red actions=drop", "no field"),
        ("gre actions=drop", "no protocol"),
        ("tcp,udp actions=drop", "given twice"),
        ("priority=65536 actions=drop", "more than 65535"),
        ("table=-1 actions=drop", "not a number"),
        ("actions=normal", "no action"),
        ("actions=set_field:5", "set_field:VALUE->FIELD"),
        ("actions=set_field:5->colour", "no field"),
        ("actions=set_field:256->nw_ttl", "more than 8 bits"),
        ("actions=move:NXM_NX_REG0[0..15]->NXM_NX_REG1[0..15]", "whole fields"),
        ("actions=move:NXM_NX_REG0[]->NXM_NX_XXREG1[]", "differ in width"),
        ("actions=resubmit(5,6)", "resubmit\\(,TABLE\\)"),
        ("actions=controller(max_len=9)", "is not known here"),
        ("actions=controller()", "with pause"),
        ("actions=controller(pause,userdata=xy)", "01.02.ff"),
        ("actions=ct(nat)", "is not known here"),
        ("actions=ct(commit,exec(output:1))", "set_field and move only"),
        ("actions=ct(table=5", "parentheses"),
    ],
)
def test_bad_text_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_flow(text)


def test_a_bad_line_is_named() -> None:
    with pytest.raises(ValueError, match="line 3: "):
        parse_flows("# flows\nactions=drop\nactions=flood\n")
