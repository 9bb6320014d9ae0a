"""The reconciler: from store and OVSDB to one switch, and what happens when something fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from .site import HTTP, Site, port, reached, syn, two_ports


async def test_what_the_policy_allows_passes_and_the_rest_does_not() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        assert await reached(site, syn(1, 2, 80)) == [2]
        assert await reached(site, syn(1, 2, 81)) == []


async def test_a_restart_with_unchanged_policy_sends_nothing_and_asks_nothing() -> None:
    site = Site()
    async with site.running():
        revision = await two_ports(site)
        await site.until(revision)
        assert await reached(site, syn(1, 2)) == [2]
    site.begin()
    before = site.switch.flow_mods
    site.enforced.clear()
    async with site.running():
        await site.until(revision)
        assert site.switch.flow_mods == before
        assert await reached(site, syn(1, 2)) == [2]
        assert site.reconciler.reactive.fates.total() == 0


async def test_a_policy_change_made_while_the_agent_was_down_is_enforced_at_start() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        assert await reached(site, syn(1, 2)) == [2]
    revision = await site.delete(HTTP)
    assert await reached(site, syn(1, 2)) == [2], "remembered verdicts go on meanwhile"
    site.begin()
    async with site.running():
        await site.until(revision)
        assert await reached(site, syn(1, 2)) == []


async def test_an_unplugged_port_leaves_no_flow_meter_or_connection() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        empty = len(await site.switch.flows())
        site.ovsdb.plug("p3", 3)
        await site.until(await site.put(port(3)))
        assert await reached(site, syn(3, 2), ofport=3) == [2]
        key = site.ovsdb.state.keys["p3"]
        assert any(entry.zone == key for entry in site.switch.connections())
        site.ovsdb.unplug("p3")
        await site.settle()
        p2_verdicts = 1
        assert len(await site.switch.flows()) == empty + p2_verdicts
        assert key not in {meter.id for meter in await site.switch.meters()}
        assert not any(entry.zone == key for entry in site.switch.connections())


async def test_a_port_that_leaves_its_last_group_keeps_no_verdict_and_no_connection() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        assert await reached(site, syn(1, 2)) == [2]
        await site.until(await site.put(replace(port(1), security_groups=())))
        await site.settle()
        key = site.ovsdb.state.keys["p1"]
        assert not any(entry.zone == key for entry in site.switch.connections())
        assert site.reconciler.enforcement.verdicts.counts(key) == (0, 0)


async def test_a_replugged_port_keeps_its_key() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        key = site.ovsdb.state.keys["p1"]
        site.ovsdb.unplug("p1")
        await site.settle()
        site.ovsdb.plug("p1", 9)
        await site.settle()
        assert site.ovsdb.state.keys["p1"] == key
        assert await reached(site, syn(1, 2), ofport=9) == [2]


async def test_the_key_of_a_deleted_port_is_given_free_after_its_rest() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        site.ovsdb.unplug("p1")
        await site.until(await site.delete(port(1)))
        await site.settle()
        assert "p1" in site.ovsdb.state.keys
        await asyncio.sleep(0.1)
        await site.settle()
        assert "p1" not in site.ovsdb.state.keys


async def test_an_interface_that_the_store_does_not_know_gets_nothing() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        before = len(await site.switch.flows())
        site.ovsdb.plug("stranger", 3)
        await site.settle()
        assert len(await site.switch.flows()) == before
        assert await reached(site, syn(1, 2), ofport=3) == []
