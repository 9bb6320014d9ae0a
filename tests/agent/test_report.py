"""What the agent says of itself."""

from __future__ import annotations

from dataclasses import replace

from damselfly.agent.report import Reporter, RuleUses, is_news
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule
from damselfly.model.intervals import Block
from damselfly.model.snapshot import snapshot_of
from damselfly.northbound.status import RuleUse
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.policy.region import Region
from damselfly.southbound.switch import FlowStats

from .site import CONFIG, HTTP, WEB, Site, reached, syn, two_ports


async def test_a_port_whose_denials_fill_the_budget_is_called_saturated() -> None:
    site = Site()
    reporter = Reporter(replace(CONFIG, deny_budget=1), site.inbox, site.reconciler)
    async with site.running():
        await site.until(await two_ports(site))
        assert await reached(site, syn(1, 2)) == [2]
        assert [port.saturated for port in reporter.status().ports] == [False, False]
        assert await reached(site, syn(1, 2, to=81)) == []
        said = {port.port_id: port.saturated for port in reporter.status().ports}
    assert said == {"p1": False, "p2": True}


async def test_the_fates_of_packets_are_counted_by_kind() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler)
    async with site.running():
        await site.until(await two_ports(site))
        await reached(site, syn(1, 2))
        await reached(site, syn(1, 2, to=81))
        fates = reporter.status().fates
    assert {kind: count for kind, count in fates.items() if count} == {"allowed": 2, "denied": 1}


async def test_an_agent_says_that_it_has_stopped_only_at_the_end() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler)
    assert not reporter.status().stopped
    assert reporter.status(stopped=True).stopped


def counted(rule: Rule, packets: int, port: int = 80) -> FlowStats:
    region = Region(IPV4, TCP, Block(0, 0, 16), Block(port, 16, 16), Block(0, 0, 32))
    flow = VerdictFlow(3, Direction.INGRESS, False, region, rule_mark(rule)).flow()
    return FlowStats(flow, packets, 0)


OTHER = replace(HTTP, id="other")
RULES = snapshot_of([replace(WEB, rules=(HTTP, OTHER))])


def test_what_the_first_look_finds_is_counted_without_a_time() -> None:
    uses = RuleUses()
    uses.look([counted(HTTP, 3), counted(HTTP, 2, 81)], RULES, 10.0)
    assert uses.by_rule == {"http": RuleUse(admitted=5, held=5, last_at=None)}


def test_a_count_that_grows_tells_when() -> None:
    uses = RuleUses()
    uses.look([counted(HTTP, 3), counted(OTHER, 1, 81)], RULES, 10.0)
    uses.look([counted(HTTP, 3), counted(OTHER, 2, 81)], RULES, 20.0)
    uses.look([counted(HTTP, 4), counted(OTHER, 2, 81)], RULES, 30.0)
    assert uses.by_rule == {
        "http": RuleUse(admitted=4, held=4, last_at=30.0),
        "other": RuleUse(admitted=2, held=2, last_at=20.0),
    }


def test_what_was_seen_stays_counted_when_its_flow_goes() -> None:
    uses = RuleUses()
    uses.look([counted(HTTP, 3)], RULES, 10.0)
    uses.look([], RULES, 20.0)
    uses.look([counted(HTTP, 1)], RULES, 30.0)
    assert uses.by_rule == {"http": RuleUse(admitted=4, held=1, last_at=30.0)}


def test_a_flow_that_starts_anew_between_two_looks_is_counted_whole() -> None:
    uses = RuleUses()
    uses.look([counted(HTTP, 3)], RULES, 10.0)
    uses.look([counted(HTTP, 2)], RULES, 20.0)
    assert uses.by_rule["http"].admitted == 5


async def test_the_use_of_rules_is_reported() -> None:
    site = Site()
    reporter = Reporter(CONFIG, site.inbox, site.reconciler)
    async with site.running():
        await site.until(await two_ports(site))
        await reached(site, syn(1, 2))
        await reporter.count(site.switch)
        said = reporter.status()
    assert {name: use.admitted for name, use in said.rules.items()} == {"http": 1, "out": 1}
    assert said.rules_at > 0


def test_a_status_is_stored_again_as_a_sign_of_life_even_when_the_clock_was_put_back() -> None:
    site = Site()
    told = Reporter(CONFIG, site.inbox, site.reconciler).status()
    for later, is_due in ((1, False), (6, True), (-3600, True)):
        status = replace(told, updated_at=told.updated_at + later)
        assert is_news(told, status, heartbeat=5) is is_due
    assert is_news(told, replace(told, packets_in=1), heartbeat=5)
