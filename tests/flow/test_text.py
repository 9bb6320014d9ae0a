"""Flows spelt as ovs-ofctl spells them."""

from __future__ import annotations

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
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, Wanted, ct_state, match
from damselfly.flow.text import action_text, flow_text, match_text


@pytest.mark.parametrize(
    ("wanted", "spelt"),
    [
        ({}, ""),
        ({"in_port": 7, "reg0": 0}, "in_port=7,reg0=0x0"),
        ({"dl_type": 0x0806, "arp_spa": 0x0A000001}, "arp,arp_spa=10.0.0.1"),
        ({"dl_type": 0x0800, "nw_proto": 0}, "ip,nw_proto=0"),
        ({"dl_type": 0x0800, "nw_proto": 6, "tcp_dst": 80}, "tcp,tcp_dst=80"),
        ({"dl_type": 0x86DD, "nw_proto": 17, "udp_dst": 53}, "udp6,udp_dst=53"),
        ({"dl_type": 0x0800, "nw_src": (0x0A000000, 0xFFFFFF00)}, "ip,nw_src=10.0.0.0/24"),
        ({"ipv6_src": (0xFD00 << 112, 0xFFFF << 112)}, "ipv6_src=fd00::/16"),
        ({"nw_src": (0x0A000001, 0xFF0000FF)}, "nw_src=10.0.0.1/255.0.0.255"),
        ({"ct_tp_dst": (8080, 0xFFF0)}, "ct_tp_dst=0x1f90/0xfff0"),
        (
            {"dl_dst": (1 << 40, 1 << 40)},
            "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00",
        ),
        ({"ct_state": ct_state("+trk+new-rel")}, "ct_state=+new-rel+trk"),
        ({"nw_frag": (3, 3)}, "nw_frag=later"),
        ({"nw_frag": (1, 1)}, "nw_frag=yes"),
        ({"vlan_tci": (0x1000, 0x1000)}, "vlan_tci=0x1000/0x1000"),
    ],
)
def test_a_match_is_spelt_with_its_protocols_shorthand(
    wanted: dict[str, Wanted], spelt: str
) -> None:
    assert match_text(match(**wanted)) == spelt


@pytest.mark.parametrize(
    ("action", "spelt"),
    [
        (SetField("reg2", 1), "set_field:0x1->reg2"),
        (SetField("nw_src", 0x0A000001), "set_field:10.0.0.1->nw_src"),
        (Move("xxreg2", "ct_label"), "move:NXM_NX_XXREG2[]->NXM_NX_CT_LABEL[]"),
        (Resubmit(30), "resubmit(,30)"),
        (Output(5), "output:5"),
        (Meter(9), "meter:9"),
        (Controller(b"\x01\xff"), "controller(userdata=01.ff,pause)"),
        (Conntrack(zone="reg6", table=40), "ct(table=40,zone=NXM_NX_REG6[0..15])"),
        (
            Conntrack(zone=5, commit=True, sets=(SetField("ct_mark", 3),)),
            "ct(commit,zone=5,exec(set_field:0x3->ct_mark))",
        ),
        (CtClear(), "ct_clear"),
    ],
)
def test_an_action_is_spelt_as_ovs_takes_it(action: Action, spelt: str) -> None:
    assert action_text(action) == spelt


def test_a_flow_without_actions_drops() -> None:
    assert flow_text(Flow(10, 5, Match(), (), 0xD0)) == (
        "table=10,cookie=0xd0,priority=5,actions=drop"
    )
