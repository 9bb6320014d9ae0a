"""The patrol finds whatever somebody else changed, mends it, and names it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.agent.patrol.drift import Kind
from damselfly.agent.patrol.parts import parts
from damselfly.flow.action import Output
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import match
from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE
from damselfly.southbound.switch import FlowStats
from tests.agent.site import Site, reached, syn, two_ports

FOREIGN_TABLE = 250
STRANGERS = (
    Flow(Table.CLASSIFY, 0xFFFF, match(), (Output(2),)),
    Flow(Table.VERDICTS, 0xFFFF, match(), (Output(2),), 0x77),
    Flow(Table.VERDICTS, 7, match(reg0=9), (Output(2),), 0xA00000),
    Flow(Table.LABEL, 1, match(dl_type=0x800, nw_src=5), ()),
)


async def begun(site: Site) -> None:
    """Have two ports enforced, with a verdict that allows and one that denies."""
    await site.until(await two_ports(site))
    assert await reached(site, syn(1, 2)) == [2]
    assert await reached(site, syn(1, 2, 81)) == []


async def round_of(site: Site) -> None:
    """Walk one round, and finish the one under way first."""
    for _ in range(2 * len(list(parts(site.reconciler.enforcement.state)))):
        await site.patrol.step(site.switch)
    await site.settle()


async def held(site: Site) -> set[Flow]:
    return {each.flow for each in await site.switch.flows() if each.flow.table != FOREIGN_TABLE}


def verdicts_in(flows: set[Flow]) -> list[Flow]:
    verdicts = [flow for flow in flows if flow.cookie in (ALLOW_COOKIE, DENY_COOKIE)]
    assert len(verdicts) == 3
    return verdicts


def found(site: Site) -> dict[str, int]:
    return {kind.value: count for kind, count in site.patrol.drift.counts.items()}


async def test_a_round_over_what_nobody_touched_sends_and_finds_nothing() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        sent = site.switch.flow_mods
        await round_of(site)
        assert site.switch.flow_mods == sent
        assert found(site) == {}
        assert site.patrol.drift.at == 0


async def test_a_flow_that_takes_anothers_place_is_noticed() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        before = await held(site)
        victim = next(flow for flow in before if flow.table == Table.LABEL)
        stranger = Flow(Table.LABEL, 0xFFFF, match(), (Output(2),))
        await site.switch.apply(Delta((stranger,), (victim.key,)))
        await round_of(site)
        assert await held(site) == before
        assert found(site) == {"missing": 1, "foreign": 1}
        assert any("table=90, priority=65535" in line for line in site.patrol.drift.latest)


async def test_a_flow_that_does_something_else_than_ours_is_mended_and_named() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        before = await held(site)
        victim = verdicts_in(before)[0]
        await site.switch.apply(Delta((replace(victim, actions=(Output(2),)),)))
        await round_of(site)
        assert await held(site) == before
        assert found(site) == {"changed": 1}
        assert "output:2" in site.patrol.drift.latest[-1]


async def test_a_verdict_that_somebody_deletes_comes_back_though_nobody_asks() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        before = await held(site)
        await site.switch.apply(Delta(delete=tuple(flow.key for flow in verdicts_in(before))))
        asked = site.reconciler.reactive.fates.total()
        await round_of(site)
        assert await held(site) == before
        assert site.reconciler.reactive.fates.total() == asked


async def test_tables_of_others_are_left_alone() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        theirs = Flow(FOREIGN_TABLE, 1, match(), (Output(2),))
        await site.switch.apply(Delta((theirs,)))
        await site.patrol.count(site.switch)
        await round_of(site)
        assert theirs in {each.flow for each in await site.switch.flows()}
        assert found(site) == {}


@pytest.mark.parametrize("theirs", [[], [MeterBand(1, 5, 5)]])
async def test_a_meter_that_is_gone_or_slow_is_set_again(theirs: list[MeterBand]) -> None:
    site = Site()
    async with site.running():
        await begun(site)
        before, meters = await held(site), await site.switch.meters()
        if theirs:
            await site.switch.set_meters(theirs)
        else:
            await site.switch.delete_meters([1])
        await round_of(site)
        await round_of(site)
        assert await site.switch.meters() == meters
        assert await held(site) == before
        assert found(site)["meter"] == 1


async def test_an_emptied_bridge_is_filled_in_one_go_with_labels_and_verdicts_as_they_were() -> (
    None
):
    site = Site()
    async with site.running():
        await begun(site)
        before = await held(site)
        await site.switch.apply(Delta(delete=tuple(flow.key for flow in before)))
        sent = site.switch.flow_mods
        await site.patrol.count(site.switch)
        assert await held(site) == before
        assert site.switch.flow_mods - sent == len(before)
        assert site.patrol.drift.counts[Kind.MISSING] == len(before)
        assert len(site.patrol.drift.latest) < 10


async def test_a_verdict_given_while_a_part_is_read_is_no_drift() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        _while_reading(site, lambda: site.switch.inject(1, syn(1, 2, 8080)))
        await round_of(site)
        assert found(site) == {}
        assert await reached(site, syn(1, 2, 8080)) == []


async def test_a_part_read_while_the_policy_changes_is_left_alone() -> None:
    site = Site()
    async with site.running():
        await begun(site)
        _while_reading(site, lambda: site.ovsdb.unplug("p2"))
        await round_of(site)
        assert found(site) == {}
        assert {port.key for port in site.reconciler.enforcement.state.view.local.values()} == {1}


def _while_reading(site: Site, meanwhile: Callable[[], object]) -> None:
    """Have something happen, once, after a part was read and before it is compared."""
    read = site.switch.flows
    pending = [meanwhile]

    async def slow(*args: object, **kwargs: object) -> list[FlowStats]:
        flows = await read(*args, **kwargs)  # type: ignore[arg-type]
        if pending and kwargs:
            pending.pop()()
            for _ in range(20):
                await asyncio.sleep(0)
        return flows

    site.switch.flows = slow  # type: ignore[method-assign]


@given(
    deleted=st.sets(st.integers(0, 200)),
    changed=st.sets(st.integers(0, 200)),
    added=st.sets(st.sampled_from(STRANGERS)),
)
async def test_whatever_is_changed_a_round_restores(
    deleted: set[int], changed: set[int], added: set[Flow]
) -> None:
    site = Site()
    async with site.running():
        await begun(site)
        before = await held(site)
        order = sorted(before, key=repr)
        gone = [flow for n, flow in enumerate(order) if n in deleted]
        other = [f for n, f in enumerate(order) if n in changed - deleted]
        swapped = [replace(flow, cookie=flow.cookie ^ 1) for flow in other]
        await site.switch.apply(Delta((*swapped, *added), tuple(flow.key for flow in gone)))
        await round_of(site)
        assert await held(site) == before
        assert sum(found(site).values()) == len(gone) + len(other) + len(added)
