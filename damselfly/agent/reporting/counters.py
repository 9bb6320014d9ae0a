"""What the switch counts, added up: spoofed packets, metered ones, the use of rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from damselfly.flow.flow import FlowKey
from damselfly.model.group import Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.status import RuleUse
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.layout import Dropped, fragment_meter
from damselfly.pipeline.security.verdicts import mark_in
from damselfly.southbound.switch import FlowStats, MeterStats

_KINDS = {drop.cookie: drop.name.lower().replace("_", "-") for drop in Dropped}
ASKED, FRAGMENTS = "asked", "fragments"
"""What meters are for."""
DROP_KINDS = tuple(_KINDS.values())
"""Reasons for which ingress security drops."""


class Reading(NamedTuple):
    """A counter of the switch."""

    of: Hashable
    """The flow or meter that it belongs to, and goes with."""
    kind: str
    value: int


class Grown:
    """Counts by kind that only grow, from counters that go with their flows and meters."""

    def __init__(self, kinds: Iterable[str] = ()) -> None:
        """Begin at 0; the kinds named are there from the start."""
        self.counts = Counter(dict.fromkeys(kinds, 0))
        self._seen: dict[Hashable, int] = {}

    def look(self, readings: Iterable[Reading]) -> None:
        """Take all the counters that the switch has now."""
        seen: dict[Hashable, int] = {}
        for reading in readings:
            seen[reading.of] = reading.value
            known = self._seen.get(reading.of, 0)
            # A lower count is another flow with the same match.
            self.counts[reading.kind] += reading.value - (known if known <= reading.value else 0)
        self._seen = seen


def spoof_drops(flows: Iterable[FlowStats]) -> Iterator[Reading]:
    """Yield what ingress security counts, by the reason for which it drops."""
    for each in flows:
        kind = _KINDS.get(each.flow.cookie)
        if kind is not None:
            yield Reading(each.flow.key, kind, each.packets)


def metered_drops(meters: Iterable[MeterStats]) -> Iterator[Reading]:
    """Yield how many packets each meter kept from the agent, or from the tracker."""
    for each in meters:
        kind = FRAGMENTS if each.id >= fragment_meter(0) else ASKED
        yield Reading(each.id, kind, each.dropped)


class RuleUses:
    """How often each rule admitted: what its verdict flows count, added up.

    A flow takes its counter along when it goes; what was seen of it stays counted.
    """

    def __init__(self) -> None:
        self.by_rule: Mapping[str, RuleUse] = {}
        self.at = 0.0
        self._seen: dict[FlowKey, int] = {}

    def look(self, flows: Iterable[FlowStats], snapshot: Snapshot, now: float) -> None:
        """Take the counters of the flows that allow, as the switch holds them at this time."""
        grown, held = Counter[int](), Counter[int]()
        seen: dict[FlowKey, int] = {}
        for each in flows:
            key, mark = each.flow.key, mark_in(each.flow)
            seen[key] = each.packets
            held[mark] += each.packets
            known = self._seen.get(key, 0)
            # A lower count is another flow with the same match.
            grown[mark] += each.packets - (known if known <= each.packets else 0)
        last = now if self.at else None
        rules = (rule for group in snapshot.groups.values() for rule in group.rules)
        uses = ((rule.id, self._use(rule, grown, held, last)) for rule in rules)
        self.by_rule = {rule_id: use for rule_id, use in uses if use.admitted}
        self._seen, self.at = seen, now

    def _use(
        self, rule: Rule, grown: Mapping[int, int], held: Mapping[int, int], last: float | None
    ) -> RuleUse:
        mark = rule_mark(rule)
        old = self.by_rule.get(rule.id, RuleUse(0, 0))
        more = grown.get(mark, 0)
        return RuleUse(old.admitted + more, held.get(mark, 0), last if more else old.last_at)
