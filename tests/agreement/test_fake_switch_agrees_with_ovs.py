"""The fake switch does with random tables and random traffic what Open vSwitch does.

Seen from outside: which frames leave by which ports, what the agent is handed, and which
connections are tracked after each frame.  The tables write the tracker's opinion into the frames.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.errors import SwitchError
from damselfly.flow.action import Conntrack
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.flow.text import format_flow
from damselfly.southbound.fake import FakeSwitch
from damselfly.southbound.switch import PacketIn

from .arena import Arena
from .frames import Sent
from .real import RealSwitch
from .rewriting import rewriting_tables
from .tables import OFPORTS, SHOW_STATE, V4, V6, any_flows, flow_tables, showing
from .traffic import conversations, traffic

pytestmark = [pytest.mark.ovs, pytest.mark.timeout(600)]

REMEMBERED = (
    Flow(0, 0, match(dl_type=V4), (Conntrack(1, table=1),)),
    Flow(0, 1, match(dl_type=V6), (Conntrack(1, table=1),)),
    Flow(1, 0, match(dl_type=V4), (Conntrack(1, commit=True), Conntrack(1, table=SHOW_STATE))),
    Flow(1, 1, match(dl_type=V6), (Conntrack(1, commit=True), Conntrack(1, table=SHOW_STATE))),
)
"""Commit every connection."""


@settings(max_examples=400)
@given(flows=flow_tables(), frames=traffic())
def test_random_tables_and_traffic(arena: Arena, flows: list[Flow], frames: list[Sent]) -> None:
    arena.run(lambda switch: _compare(switch, flows, frames))


@settings(max_examples=150)
@given(flows=rewriting_tables(), frames=traffic())
def test_rewritten_headers(arena: Arena, flows: list[Flow], frames: list[Sent]) -> None:
    arena.run(lambda switch: _compare(switch, flows, frames))


@settings(max_examples=150)
@given(frames=conversations())
def test_the_states_of_a_tcp_connection(arena: Arena, frames: list[Sent]) -> None:
    arena.run(lambda switch: _compare(switch, list(REMEMBERED), frames))


@settings(max_examples=100)
@given(flows=st.lists(any_flows(), min_size=5, max_size=15))
def test_what_is_refused(arena: Arena, flows: list[Flow]) -> None:
    async def compare(switch: RealSwitch) -> None:
        await switch.begin([])
        fake = FakeSwitch(OFPORTS)
        for flow in flows:
            refused = await _is_refused(fake, flow)
            assert refused == await switch.refuses(flow), format_flow(flow)

    arena.run(compare)


async def _is_refused(fake: FakeSwitch, flow: Flow) -> bool:
    try:
        await fake.apply(Delta(add=(flow,)))
    except SwitchError:
        return True
    return False


async def _compare(switch: RealSwitch, flows: list[Flow], frames: list[Sent]) -> None:
    fake = FakeSwitch(OFPORTS)
    accepted = [flow for flow in flows if not await _is_refused(fake, flow)]
    await fake.apply(Delta(add=tuple(showing())))
    await switch.begin([*showing(), *accepted])
    paused: list[PacketIn] = []

    def resume(packet: PacketIn) -> None:
        paused.append(packet)
        fake.resume(packet)

    fake.on_packet_in = resume
    for number, (ofport, frame) in enumerate(frames):
        told = "\n".join(["", *map(format_flow, accepted), f"{number}: {ofport} {frame.hex()}"])
        paused.clear()
        sent = fake.inject(ofport, frame)
        assert sorted(sent) == sorted(await switch.inject(ofport, frame, len(paused))), told
        assert _seen(paused) == _seen(switch.take_packets_in()), told
        assert fake.connections() == switch.dummy.connections(), told
    counted = {s.flow.key: (s.packets, s.bytes) for s in await fake.flows() if s.packets}
    assert counted == await switch.counters()


def _seen(packets: list[PacketIn]) -> list[tuple[object, ...]]:
    """Show what the agent was handed; in which order packets of one frame come is up to chance."""
    seen = [(p.table, p.cookie, p.userdata, _metadata(p), p.data) for p in packets]
    return sorted(seen, key=repr)


def _metadata(packet: PacketIn) -> dict[str, int]:
    """Pick what is not in the frame itself; a field that is 0 may be absent."""
    metadata = sorted(packet.metadata.items())
    return {name: value for name, value in metadata if value and name != "dl_type"}
