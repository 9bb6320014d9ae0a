"""Somebody else changes the bridge: empties it, adds flows, makes it forward by itself."""

from __future__ import annotations

from dataclasses import replace

from damselfly.flow.action import Output
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from tests.agent.site import Site, reached, syn, two_ports

FOREIGN_TABLE = 250


async def begun(site: Site) -> None:
    """Have two ports enforced, of which the first reaches the second."""
    await site.until(await two_ports(site))
    assert await reached(site, syn(1, 2)) == [2]


async def inspected(site: Site) -> int:
    """Let the agent count the flows and do what follows; return the flow-mods that it sent."""
    sent = site.switch.flow_mods
    await site.patrol.count(site.switch)
    await site.settle()
    return site.switch.flow_mods - sent


async def test_a_bridge_that_was_emptied_is_filled_again() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        assert await inspected(site) == 0
        flows = {each.flow for each in await site.switch.flows()}
        await site.switch.apply(Delta(delete=tuple(flow.key for flow in flows)))
        assert await inspected(site) > 0
        assert await inspected(site) == 0
        assert await reached(site, syn(1, 2)) == [2]
        assert await reached(site, syn(1, 2, 81)) == []


async def test_a_flow_that_somebody_adds_to_our_tables_goes() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        await site.switch.apply(Delta(add=(Flow(0, 0xFFFF, match(), (Output(2),)),)))
        assert await inspected(site) == 1
        assert await reached(site, syn(1, 2, 81)) == []


async def test_flows_in_tables_of_others_are_looked_at_once() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        await site.switch.apply(Delta(add=(Flow(FOREIGN_TABLE, 1, match()),)))
        assert await inspected(site) == 0
        assert await inspected(site) == 0
        assert any(each.flow.table == FOREIGN_TABLE for each in await site.switch.flows())


async def test_a_bridge_that_is_not_secure_is_made_so_and_taken_over_anew() -> None:
    """Open vSwitch forgets the flows of a bridge whose ``fail_mode`` changes."""
    site = Site()
    async with site.running():
        await begun(site)
        flows = {each.flow for each in await site.switch.flows()}
        await site.switch.apply(Delta(delete=tuple(flow.key for flow in flows)))
        site.inbox.bridge = replace(site.ovsdb.state, is_secure=False)
        site.inbox.ring()
        await site.settle()
        assert site.ovsdb.state.is_secure
        assert await reached(site, syn(1, 2)) == [2]
