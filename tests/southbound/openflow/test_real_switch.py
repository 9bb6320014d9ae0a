"""What a real switch is sent, it hands back."""

from __future__ import annotations

from random import Random

import pytest

from damselfly.errors import SwitchError
from damselfly.flow.action import Conntrack, Controller, Meter, Output, Resubmit, SetField
from damselfly.flow.delta import Delta, difference
from damselfly.flow.field import FIELDS
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import Match, Term, ct_state, from_mapping, match
from damselfly.flow.text import format_flow, format_match
from damselfly.southbound.openflow import OpenFlowSwitch, ProtocolError
from damselfly.southbound.switch import FlowRefused, Part
from lab.hypervisor import Hypervisor

from .support.samples import ACTIONS, ANYWHERE, FAMILIES, UNMASKED, random_flows, random_value

pytestmark = pytest.mark.ovs


async def held(switch: OpenFlowSwitch) -> list[Flow]:
    return [entry.flow for entry in await switch.flows()]


def exact_and_masked() -> list[Match]:
    """State every field: exact, zero, with the upper half of its bits and with the lower."""
    random, matches = Random(1), [match(ct_state=ct_state("+trk-inv+est-new-rel+rpl"))]
    tags = ((0, 0x1000), (0x1000, 0x1000), (5, 0xFFF), (0x3000, 0xF000), (0x2005, 0xEFFF))
    matches += [match(vlan_tci=tag) for tag in tags]
    for family in FAMILIES:
        for name in (*ANYWHERE, *family.may):
            extra = {"ct_nw_proto": 6} if name.startswith("ct_tp") else {}
            value, field = random_value(name, random), FIELDS[name]
            low = (1 << field.bits // 2) - 1
            high = field.full_mask & ~low
            masks = [field.full_mask]
            if name not in UNMASKED and name != "vlan_tci":
                masks += [low, high]
            wanted = [{name: (value & mask, mask)} for mask in masks]
            if name not in {"ct_nw_proto", "vlan_tci"}:
                wanted.append({name: (0, field.full_mask)})
            matches += [from_mapping({**extra, **family.has, **want}) for want in wanted]
    return list(dict.fromkeys(matches))


async def test_every_field_comes_back_as_it_was_sent(switch: OpenFlowSwitch) -> None:
    flows = [Flow(0, 7, each) for each in exact_and_masked()]
    named = {term.field for flow in flows for term in flow.match}
    assert named == {name for name in FIELDS if not name.startswith("xxreg")}
    await switch.apply(Delta(tuple(flows)))
    assert set(await held(switch)) == set(flows)


async def test_every_action_comes_back_as_it_was_sent(switch: OpenFlowSwitch) -> None:
    await switch.set_meters([MeterBand(3, 100, 10)])
    ip = match(dl_type=0x800)
    flows = [Flow(1, n, ip, (action,), n) for n, action in enumerate(ACTIONS)]
    flows += [Flow(2, 0, ip, ACTIONS, 1 << 63), Flow(2, 1, ip, (Meter(3),))]
    flows += [Flow(2, 2, ip, (Meter(3), Controller(b"abc"), Resubmit(7)))]
    await switch.apply(Delta(tuple(flows)))
    assert set(await held(switch)) == set(flows)


async def test_fields_of_a_protocol_can_be_set_where_it_is_matched(switch: OpenFlowSwitch) -> None:
    random, flows = Random(2), []
    for number, family in enumerate(FAMILIES):
        names = [n for n in family.may if not n.startswith("ct_") and n != "nw_frag"]
        actions = tuple(SetField(name, random_value(name, random)) for name in names)
        flows.append(Flow(0, number, from_mapping(family.has), actions))
    await switch.apply(Delta(tuple(flows)))
    assert set(await held(switch)) == set(flows)


async def test_a_bundle_of_five_thousand_flows_leaves_nothing_to_change(
    switch: OpenFlowSwitch,
) -> None:
    await switch.set_meters([MeterBand(1, 10, 1), MeterBand(2, 10, 1)])
    flows = random_flows(5000, Random(3), meters=(1, 2))
    await switch.apply(Delta(tuple(flows)))
    assert difference(flows, await held(switch)) == Delta()
    changed = [Flow(f.table, f.priority, f.match, (Output(9),), f.cookie ^ 1) for f in flows[:900]]
    await switch.apply(Delta(tuple(changed), tuple(f.key for f in flows[1000:])))
    assert set(await held(switch)) == {*changed, *flows[900:1000]}


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Flow(0, 2, match(nw_src=5)), "OFPBMC_BAD_PREREQ"),
        (Flow(0, 2, match(dl_type=0x800, nw_ttl=(1, 3))), "OFPBMC_BAD_MASK"),
        (Flow(0, 2, match(), (Meter(77),)), "OFPMMFC_INVALID_METER"),
        (Flow(0, 2, match(), (Output(0xFFFFFFF0),)), "OFPBAC_BAD_OUT_PORT"),
        (Flow(0, 2, match(), (SetField("nw_src", 1),)), "OFPBAC_MATCH_INCONSISTENT"),
        (Flow(255, 2, match()), "OFPFMFC_BAD_TABLE_ID"),
    ],
)
async def test_a_delta_with_one_bad_flow_changes_nothing_and_names_it(
    switch: OpenFlowSwitch, bad: Flow, error: str
) -> None:
    before = Flow(0, 1, match(reg0=1), (Output(1),))
    await switch.apply(Delta((before,)))
    others = [Flow(0, 3, match(reg0=n)) for n in range(50)]
    with pytest.raises(FlowRefused, match=rf"table={bad.table},priority=2.*: {error}$") as caught:
        await switch.apply(Delta((*others, bad, Flow(0, 4, match())), (before.key,)))
    assert caught.value.flows == (bad.key,)
    assert await held(switch) == [before]


async def test_an_added_flow_that_is_refused_is_reported_with_its_name(
    switch: OpenFlowSwitch,
) -> None:
    heard: list[SwitchError] = []
    switch.on_refused = heard.append
    bad = Flow(0, 2, match(nw_src=5))
    switch.add(Flow(0, 1, match()))
    switch.add(bad)
    await switch.barrier()
    assert [error.flows for error in heard if isinstance(error, FlowRefused)] == [(bad.key,)]
    assert await held(switch) == [Flow(0, 1, match())]


@pytest.mark.parametrize(
    "wanted",
    [
        match(dl_type=0x800, ct_state=ct_state("+trk-inv"), ct_nw_proto=0),
        match(dl_type=0x800, ct_state=ct_state("+trk-inv"), ct_tp_dst=80),
        *(match(vlan_tci=tag) for tag in ((0, 0xFFFF), (0x2000, 0xE000), (0x3000, 0x3000))),
        Match((Term("xxreg0", 5, (1 << 128) - 1),)),
    ],
)
async def test_a_match_that_the_switch_would_hand_back_changed_is_not_sent(
    hypervisor: Hypervisor, switch: OpenFlowSwitch, wanted: Match
) -> None:
    flow = Flow(0, 1, wanted)
    with pytest.raises(ProtocolError):
        switch.add(flow)
    with pytest.raises(ProtocolError):
        await switch.apply(Delta((flow,)))
    hypervisor.flows(f"table=0,priority=1,{format_match(wanted)},actions=drop")
    assert await held(switch) != [flow]


async def test_a_flow_that_cannot_be_said_is_refused_before_anything_is_sent(
    switch: OpenFlowSwitch,
) -> None:
    impossible = [
        Flow(0, 1, match(), (Output(1), Meter(1))),
        Flow(0, 1, match(), (SetField("no_such", 1),)),
        Flow(0, 1, match(), (SetField("ct_zone", 1 << 16),)),
        Flow(0, 1 << 16, match()),
        Flow(0, 1, match(ct_state=0x21)),
        Flow(0, 1, match(), (Conntrack(1 << 16),)),
        Flow(0, 1, match(), (Controller(bytes(65535)),)),
        Flow(0, 1, match(), tuple(Output(n) for n in range(5000))),
    ]
    for flow in impossible:
        with pytest.raises(ProtocolError):
            switch.add(flow)
        with pytest.raises(ProtocolError):
            await switch.apply(Delta((Flow(0, 5, match()), flow)))
    await switch.barrier()
    assert await held(switch) == []


async def test_flows_of_somebody_else_are_read_compared_and_deleted(
    hypervisor: Hypervisor, switch: OpenFlowSwitch
) -> None:
    lines = (
        "table=0,priority=1,actions=NORMAL",
        "table=1,priority=2,tcp,tcp_flags=+syn-ack,actions=goto_table:7",
        "table=2,priority=3,tun_metadata0,actions=learn(table=9,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[])",
        "table=3,priority=4,dl_type=0x894f,nsh_spi=5,actions=load:1->NXM_NX_REG0[0..3]",
        "table=4,priority=5,idle_timeout=600,actions=output:1",
        "table=5,priority=6,send_flow_rem,actions=output:1",
        "table=6,priority=7,tcp,pkt_mark=0x1/0x3,actions=controller(max_len=20),ct(alg=ftp,commit)",
    )
    hypervisor.ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
    hypervisor.flows(*lines)
    foreign = await held(switch)
    assert len(foreign) == len(lines)
    assert not [flow for flow in foreign if flow.actions == (Output(1),)]
    assert len({format_flow(flow) for flow in foreign}) == len(lines)
    await switch.apply(difference([], foreign))
    assert await held(switch) == []
    hypervisor.ofctl("del-tlv-map")


async def test_meters_are_added_changed_read_and_deleted(switch: OpenFlowSwitch) -> None:
    await switch.set_meters([MeterBand(n, 100 * n, n) for n in range(1, 41)])
    await switch.set_meters([MeterBand(2, 7, 8), MeterBand(41, 1, 1)])
    bands = {band.id: band for band in await switch.meters()}
    assert len(bands) == 41
    assert bands[2] == MeterBand(2, 7, 8)
    assert bands[3] == MeterBand(3, 300, 3)
    await switch.delete_meters(range(3, 50))
    assert {band.id for band in await switch.meters()} == {1, 2}
    assert {entry.id for entry in await switch.meter_stats()} == {1, 2}


async def test_the_switch_says_how_many_meters_it_may_have(switch: OpenFlowSwitch) -> None:
    assert await switch.meter_limit() >= 65_536


async def test_a_meter_that_the_switch_refuses_raises_and_names_it(switch: OpenFlowSwitch) -> None:
    with pytest.raises(SwitchError, match=r"meter 0: .*INVALID_METER"):
        await switch.set_meters([MeterBand(1, 5, 5), MeterBand(0, 5, 5)])
    assert await switch.meters() == [MeterBand(1, 5, 5)]


async def test_deleting_a_meter_deletes_its_flows(switch: OpenFlowSwitch) -> None:
    await switch.set_meters([MeterBand(1, 5, 5)])
    await switch.apply(Delta((Flow(0, 1, match(), (Meter(1),)), Flow(0, 2, match()))))
    await switch.delete_meters([1])
    assert await held(switch) == [Flow(0, 2, match())]


async def test_a_part_of_the_flows_is_read_as_the_match_says(switch: OpenFlowSwitch) -> None:
    ip = match(dl_type=0x800)
    matches = (match(), match(reg0=5), match(reg0=5, reg1=1), match(reg0=6), match(reg0=(4, 4)))
    flows = [Flow(table, n, ip & each) for table in (1, 2) for n, each in enumerate(matches)]
    await switch.apply(Delta(tuple(flows)))
    for part in (Part(1), Part(2, match(reg0=5)), Part(within=match(reg0=(4, 4))), Part(3)):
        wanted = [
            flow
            for flow in flows
            if part.table in (None, flow.table) and part.within.covers(flow.match)
        ]
        assert {entry.flow for entry in await switch.flows(part=part)} == set(wanted)
    assert await switch.count_flows(1) == 5
    assert await switch.count_flows() == 10
