"""What a datapath cannot do closes the ports that need it, and nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from damselfly.model.group import SecurityGroup
from damselfly.pipeline.needs import FIXED, Feature
from tests.agent.site import HTTP, OUT, Site, port, reached, syn, two_ports

LOOSE = SecurityGroup("loose", "loose", stateful=False)
ALL = replace(HTTP, id="all", security_group_id="loose", port_range_min=None, port_range_max=None)


def shut(site: Site) -> dict[str, str]:
    return dict(site.reconciler.enforcement.state.view.closed)


@pytest.mark.parametrize("feature", [each for each in Feature if each in FIXED])
def test_without_what_the_tables_need_no_port_is_open(feature: Feature) -> None:
    async def story() -> None:
        site = Site()
        site.lacks = frozenset({feature})
        async with site.running():
            await site.until(await two_ports(site))
            why = f"the datapath lacks {feature.value}"
            assert shut(site) == {"p1": why, "p2": why}
            assert await reached(site, syn(1, 2)) == []
            assert await site.switch.count_flows() == 0

    asyncio.run(story())


def test_without_meters_no_port_is_open() -> None:
    """Nothing would bound what a sender may ask the agent."""

    async def story() -> None:
        site = Site()
        site.switch.meter_limit = no_meters  # type: ignore[method-assign]
        async with site.running():
            await site.until(await two_ports(site))
            assert set(shut(site).values()) == {"the datapath lacks meters"}
            assert await reached(site, syn(1, 2)) == []

    asyncio.run(story())


async def no_meters() -> int:
    return 0


def test_without_a_way_to_untrack_stateless_ports_alone_are_closed() -> None:
    async def story() -> None:
        site = Site()
        site.lacks = frozenset({Feature.CT_CLEAR})
        site.ovsdb.plug("p3", 3)
        async with site.running():
            await two_ports(site)
            await site.until(
                await site.put(LOOSE, ALL, replace(port(3), security_groups=("loose",)))
            )
            assert shut(site) == {"p3": "the datapath lacks Conntrack clear"}
            assert await reached(site, syn(1, 2)) == [2]

    asyncio.run(story())


def test_a_datapath_that_has_learnt_more_is_used_at_the_next_connection() -> None:
    async def story() -> None:
        site = Site()
        site.lacks = frozenset({Feature.CT_LABEL})
        async with site.running():
            await site.until(await two_ports(site))
            assert await reached(site, syn(1, 2)) == []
        site.lacks = frozenset()
        async with site.running():
            await site.until(await site.put(replace(OUT, id="out2")))
            assert shut(site) == {}
            assert await reached(site, syn(1, 2)) == [2]

    asyncio.run(story())
