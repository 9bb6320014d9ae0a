"""What the switch counts, added up."""

from __future__ import annotations

from dataclasses import replace

from damselfly.agent.reporting.counters import Grown, Reading, RuleUses, metered_drops
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule
from damselfly.model.intervals import Block
from damselfly.model.snapshot import snapshot_of
from damselfly.northbound.status import RuleUse
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.layout import fragment_meter
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.pipeline.sides import Basis
from damselfly.policy.region import Region
from damselfly.southbound.switch import FlowStats, MeterStats
from tests.agent.site import HTTP, WEB


def counted(rule: Rule, packets: int, port: int = 80) -> FlowStats:
    region = Region(IPV4, TCP, Block(0, 0, 16), Block(port, 16, 16), Block(0, 0, 32))
    flow = VerdictFlow(3, Direction.INGRESS, Basis.CONNECTION, region, rule_mark(rule)).flow()
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


def test_a_count_does_not_shrink_when_what_counted_goes() -> None:
    grown = Grown(("spoofed",))
    assert grown.counts == {"spoofed": 0}
    grown.look([Reading("a", "spoofed", 3), Reading("b", "spoofed", 4)])
    grown.look([Reading("b", "spoofed", 5)])
    grown.look([Reading("a", "spoofed", 1), Reading("b", "spoofed", 5)])
    assert grown.counts == {"spoofed": 9}


def test_what_meters_drop_is_told_apart_by_what_they_keep_it_from() -> None:
    meters = [MeterStats(3, 10, 2), MeterStats(fragment_meter(3), 10, 5), MeterStats(4, 1, 1)]
    drops = Grown()
    drops.look(metered_drops(meters))
    assert drops.counts == {"asked": 3, "fragments": 5}
