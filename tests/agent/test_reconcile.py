"""The reconciler: from store and OVSDB to one switch, and what happens when something fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from damselfly.errors import StoreError, SwitchGone
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.northbound.store import Change
from damselfly.pipeline.layout import Table
from damselfly.southbound.switch import FlowStats
from tests.scenarios.frames import Frame

from .site import NETWORK, Site

WEB = SecurityGroup("web", "web")
HTTP = Rule("http", "web", Direction.INGRESS, IPV4, TCP, 80, 80)
OUT = Rule("out", "web", Direction.EGRESS, IPV4)


def port(number: int) -> Port:
    return Port(
        f"p{number}",
        "net",
        0x020000000000 + number,
        f"p{number}",
        (Prefix.parse(f"10.0.0.{number}"),),
        (),
        ("web",),
    )


def syn(source: int, destination: int, to: int = 80) -> bytes:
    addresses = (0x0A000000 + source, 0x0A000000 + destination)
    packet = Packet(IPV4, TCP, *addresses, 40000, to)
    return Frame(port(source).mac, port(destination).mac, packet).bytes()


async def reached(site: Site, frame: bytes, ofport: int = 1) -> list[int]:
    """Send a frame and let the agent answer; return the ports that received it."""
    sent = site.switch.inject(ofport, frame)
    await site.settle()
    return sorted(number for number, _ in [*sent, *site.switch.take_sent()])


async def two_ports(site: Site) -> int:
    site.ovsdb.plug("p1", 1)
    site.ovsdb.plug("p2", 2)
    return await site.put(NETWORK, WEB, HTTP, OUT, port(1), port(2))


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


async def test_a_flow_that_the_switch_refuses_closes_its_port_and_no_other() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        site.ovsdb.plug("p3", 3)
        site.switch.refuse_flow_mod(3)
        await site.until(await site.put(port(3)))
        assert "p3" in site.reconciler.enforcement.refused
        assert await reached(site, syn(3, 2), ofport=3) == []
        assert await reached(site, syn(1, 2)) == [2]


async def test_an_unreadable_port_is_closed_and_the_others_go_on() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        revision = await site.store.commit([Change("/port/p1", b'{"v": 1, "mac": "nonsense"}')])
        await site.until(revision)
        assert await reached(site, syn(1, 2)) == []
        assert await reached(site, syn(2, 1), ofport=2) == []
        assert "/port/p1" in site.inbox.problems
        await site.until(await site.put(port(1)))
        assert await reached(site, syn(1, 2)) == [2]


async def test_a_store_that_is_gone_leaves_the_last_policy_in_force(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))

        async def broken(*_: object) -> None:
            raise StoreError("the store is gone")

        monkeypatch.setattr(site.store, "read", broken)
        await site.store.close()
        await site.settle()
        assert await reached(site, syn(1, 2)) == [2]


async def test_packets_that_come_while_the_agent_takes_over_are_judged_afterwards() -> None:
    site = Site()
    async with site.running():
        revision = await two_ports(site)
        await site.until(revision)
    site.begin()
    site.enforced.clear()
    reading = asyncio.Event()
    flows = site.switch.flows

    async def slow() -> list[FlowStats]:
        found = await flows()
        await reading.wait()
        return found

    site.switch.flows = slow  # type: ignore[method-assign]
    async with site.running():
        await site.settle()
        assert await reached(site, syn(1, 2)) == []
        reading.set()
        await site.until(revision)
        await site.settle()
        assert [number for number, _ in site.switch.take_sent()] == [2]


async def test_a_foreign_flow_in_our_tables_is_removed_and_others_are_left_alone() -> None:
    site = Site()
    foreign = Flow(Table.OUTPUT, 7, match(in_port=5))
    elsewhere = Flow(222, 7, match(in_port=5))
    site.switch.add(foreign)
    site.switch.add(elsewhere)
    async with site.running():
        await site.until(await two_ports(site))
        keys = {each.flow.key for each in await site.switch.flows()}
    assert foreign.key not in keys
    assert elsewhere.key in keys


async def test_a_changed_mac_moves_with_the_port() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        moved = replace(port(1), mac=0x0200000000AA)
        await site.until(await site.put(moved))
        assert await reached(site, syn(1, 2)) == []
        packet = Packet(IPV4, TCP, 0x0A000001, 0x0A000002, 40001, 80)
        assert await reached(site, Frame(moved.mac, port(2).mac, packet).bytes()) == [2]


async def test_a_lost_switch_ends_the_service() -> None:
    site = Site()
    async with site.running():
        await site.until(await two_ports(site))
        site.switch.disconnect()
        assert isinstance(await site.switch.gone(), SwitchGone)
