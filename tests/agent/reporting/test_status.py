"""What the agent says of itself."""

from __future__ import annotations

from dataclasses import replace

from damselfly.agent.patrol.drift import Drift
from damselfly.agent.reporting.status import Reporter, is_news
from tests.agent.site import CONFIG, Site, reached, syn, two_ports


async def test_a_port_whose_denials_fill_the_budget_is_called_saturated() -> None:
    site = Site()
    reporter = Reporter(replace(CONFIG, deny_budget=1), site.inbox, site.reconciler, Drift())
    async with site.running():
        await site.until(await two_ports(site))
        assert await reached(site, syn(1, 2)) == [2]
        assert [port.saturated for port in reporter.status().ports] == [False, False]
        assert await reached(site, syn(1, 2, to=81)) == []
        said = {port.port_id: port.saturated for port in reporter.status().ports}
    assert said == {"p1": False, "p2": True}


async def test_the_fates_of_packets_are_counted_by_kind() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler, Drift())
    async with site.running():
        await site.until(await two_ports(site))
        await reached(site, syn(1, 2))
        await reached(site, syn(1, 2, to=81))
        fates = reporter.status().fates
    assert {kind: count for kind, count in fates.items() if count} == {"allowed": 2, "denied": 1}


async def test_an_agent_says_that_it_has_stopped_only_at_the_end() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler, Drift())
    assert not reporter.status().stopped
    assert reporter.status(stopped=True).stopped


async def test_the_use_of_rules_is_reported() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler, Drift())
    async with site.running():
        await site.until(await two_ports(site))
        await reached(site, syn(1, 2))
        await reporter.count(site.switch)
        said = reporter.status()
    assert {name: use.admitted for name, use in said.rules.items()} == {"http": 1, "out": 1}
    assert said.rules_at > 0


def test_a_status_is_stored_again_as_a_sign_of_life_even_when_the_clock_was_put_back() -> None:
    site = Site()
    told = Reporter(CONFIG, site.inbox, site.reconciler, Drift()).status()
    for later, is_due in ((1, False), (6, True), (-3600, True)):
        status = replace(told, updated_at=told.updated_at + later)
        assert is_news(told, status, heartbeat=5) is is_due
    assert is_news(told, replace(told, packets_in=1), heartbeat=5)
