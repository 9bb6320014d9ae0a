"""Packets through a real switch: paused, judged, resumed; and what conntrack forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from damselfly.errors import SwitchError
from damselfly.flow.action import Conntrack, Controller, Meter, Resubmit, SetField
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import ct_state, match
from damselfly.southbound.openflow import OpenFlowSwitch, connect
from damselfly.southbound.switch import PacketIn
from lab.hypervisor import Hypervisor

pytestmark = pytest.mark.ovs

IP = match(dl_type=0x800)
TRACK, JUDGE, VERDICTS, ADMIT = 0, 5, 6, 7
PORT = 1

LABEL = 0xA5 << 120 | 1
TRACKED = Flow(TRACK, 1, IP, (Conntrack(9, table=JUDGE),))
PAUSED = Flow(
    JUDGE,
    1,
    match(dl_type=0x800, ct_state=ct_state("+trk+new")),
    (
        *(SetField("reg0", 77), SetField("xxreg2", LABEL), SetField("metadata", 1 << 40)),
        *(Controller(b"generation 5"), Resubmit(ADMIT)),
    ),
    cookie=0xABCDEF,
)
BEFORE, BEHIND = Flow(VERDICTS, 1, match()), Flow(ADMIT, 1, match(reg0=77, xxreg2=LABEL))


def frame(source: int, port: int = 53) -> bytes:
    """Build a UDP datagram without checksum from 10.0.0.``source`` to 10.0.0.250."""
    words = [0x4500, 32, 1, 0, 0x4011, 0, 0x0A00, source, 0x0A00, 250]
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    words[5] = ~total & 0xFFFF
    words += [5000, port, 12, 0]
    header = b"".join(word.to_bytes(2, "big") for word in words)
    return bytes.fromhex("020000000002 020000000001 0800") + header + b"abcd"


@pytest.fixture
def port(hypervisor: Hypervisor) -> Iterator[int]:
    """A port for packets to come from: after a recirculation the switch looks it up."""
    hypervisor.vsctl(
        *("--may-exist", "add-port", hypervisor.bridge, "inner"),
        *("--", "set", "Interface", "inner", "type=internal", f"ofport_request={PORT}"),
    )
    yield PORT
    hypervisor.vsctl("del-port", hypervisor.bridge, "inner")


async def packets(switch: OpenFlowSwitch, flow: Flow, wanted: int) -> int:
    """Read a flow's counter, until it has the value wanted or time is over."""
    count = -1
    for _ in range(100):
        count = next(s.packets for s in await switch.flows() if s.flow == flow)
        if count == wanted:
            break
        await asyncio.sleep(0.03)
    return count


async def test_a_paused_packet_shows_what_the_tables_did_and_goes_on_behind_the_pause(
    switch: OpenFlowSwitch, port: int
) -> None:
    arrived: asyncio.Future[PacketIn] = asyncio.get_running_loop().create_future()
    switch.on_packet_in = arrived.set_result
    await switch.apply(Delta((TRACKED, PAUSED, BEFORE, BEHIND)))
    switch.packet_out(frame(1), [Resubmit(TRACK)], in_port=port)
    packet = await asyncio.wait_for(arrived, 5)
    assert (packet.cookie, packet.userdata, packet.data) == (0xABCDEF, b"generation 5", frame(1))
    assert packet.metadata == {
        "in_port": port,
        "reg0": 77,
        "metadata": 1 << 40,
        "dl_type": 0x800,
        **{f"reg{8 + n}": part for n, part in enumerate((0xA5000000, 0, 0, 1)) if part},
        "ct_state": 0x21,
        "ct_zone": 9,
        "ct_nw_src": 0x0A000001,
        "ct_nw_dst": 0x0A0000FA,
        "ct_nw_proto": 17,
        "ct_tp_src": 5000,
        "ct_tp_dst": 53,
    }
    assert await packets(switch, BEHIND, 0) == 0
    switch.resume(packet)
    assert await packets(switch, BEHIND, 1) == 1
    assert await packets(switch, BEFORE, 0) == 0


async def test_the_verdict_added_before_the_resume_takes_the_resumed_packet(
    switch: OpenFlowSwitch, port: int
) -> None:
    verdicts: list[Flow] = []

    def decide(packet: PacketIn) -> None:
        source = packet.metadata["ct_nw_src"]
        wanted = match(dl_type=0x800, ct_state=ct_state("+trk-inv"), ct_nw_src=source)
        verdicts.append(Flow(VERDICTS, 9, wanted, (SetField("reg2", 1),), source))
        switch.add(verdicts[-1])
        switch.resume(packet)

    switch.on_packet_in = decide
    admitted = Flow(ADMIT, 9, match(reg2=1))
    miss = Flow(VERDICTS, 1, IP, (Controller(), Resubmit(VERDICTS)))
    await switch.apply(
        Delta(
            (
                TRACKED,
                Flow(JUDGE, 1, IP, (Resubmit(VERDICTS), Resubmit(ADMIT))),
                *(miss, admitted, Flow(ADMIT, 1, match())),
            )
        )
    )
    for source in range(1, 41):
        switch.packet_out(frame(source), [Resubmit(TRACK)], in_port=port)
    assert await packets(switch, admitted, 40) == 40
    assert [flow.cookie for flow in verdicts] == [0x0A000000 + n for n in range(1, 41)]
    assert {s.flow for s in await switch.flows() if s.flow.cookie} == set(verdicts)


async def test_a_metered_flow_drops_what_is_too_much_and_counts_it(
    switch: OpenFlowSwitch, port: int
) -> None:
    await switch.set_meters([MeterBand(4, 1, 5)])
    behind = Flow(ADMIT, 1, match())
    await switch.apply(Delta((Flow(TRACK, 1, IP, (Meter(4), Resubmit(ADMIT))), behind)))
    for _ in range(50):
        switch.packet_out(frame(1), [Resubmit(TRACK)], in_port=port)
    await switch.barrier()
    (stats,) = await switch.meter_stats()
    assert (stats.id, stats.packets_in) == (4, 50)
    assert 40 <= stats.dropped <= 45


async def test_flushing_a_zone_forgets_its_connections_and_no_others(
    hypervisor: Hypervisor, switch: OpenFlowSwitch, port: int
) -> None:
    for zone in (21, 22):
        switch.packet_out(frame(zone), [Conntrack(zone, commit=True)], in_port=port)
    await switch.barrier()
    assert hypervisor.appctl("dpctl/dump-conntrack").count("zone=2") == 2
    await switch.flush_zone(21)
    assert "zone=21" not in hypervisor.appctl("dpctl/dump-conntrack")
    assert "zone=22" in hypervisor.appctl("dpctl/dump-conntrack")


async def test_a_packet_that_has_gone_on_after_a_restart_of_its_bridge_is_refused(
    switch: OpenFlowSwitch, port: int, hypervisor: Hypervisor
) -> None:
    arrived: asyncio.Future[PacketIn] = asyncio.get_running_loop().create_future()
    switch.on_packet_in = arrived.set_result
    await switch.apply(Delta((Flow(TRACK, 1, IP, (Controller(), Resubmit(ADMIT))),)))
    switch.packet_out(frame(1), [Resubmit(TRACK)], in_port=port)
    packet = await asyncio.wait_for(arrived, 5)
    hypervisor.restart_vswitchd()
    await asyncio.wait_for(switch.gone(), 5)
    again = await connect(str(hypervisor.management))
    refused: list[SwitchError] = []
    again.on_refused = refused.append
    again.resume(packet)
    await again.barrier()
    assert ["NXR_STALE" in str(error) for error in refused] == [True]
    await again.close()
