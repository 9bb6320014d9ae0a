"""What fails around the reconciler closes as little as it can, and opens nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from damselfly.errors import StoreError, SwitchGone
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.model.address import IPV4
from damselfly.model.group import TCP
from damselfly.model.packet import Packet
from damselfly.northbound.store import Change
from damselfly.pipeline.layout import Table
from damselfly.southbound.switch import FlowStats
from tests.scenarios.frames import Frame

from .site import Site, port, reached, syn, two_ports


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

    async def slow(*_: int) -> list[FlowStats]:
        found = await flows()
        await reading.wait()
        return found

    site.switch.flows = slow  # type: ignore[method-assign, assignment]
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
