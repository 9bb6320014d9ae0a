"""Whom a remote means: a group's members, kept up as they come and go, and an address group's list.

Several ports may bring the same address, or overlapping prefixes, into a group: a span stays in the
set for as long as anybody brings it.  Spans are prefixes: of two that overlap, one holds the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from .address import FAMILIES, Family, Prefix
from .group import AddressGroup
from .intervals import Block, IntervalSet
from .port import Port

Span = tuple[int, int]
"""First and last address, both included."""
Move = tuple[object, object]
"""Anything before and after a change; None where there is nothing."""
Place = tuple[str, Family]
"""The id of a group, or of an address group, and whose addresses are asked for."""


FEW = 64
"""Changes that are made one by one, each by copying the set; of more the set is built anew."""


@dataclass(frozen=True, slots=True)
class Members:
    """A group's addresses of one family."""

    values: IntervalSet
    counts: Mapping[Span, int]
    """How many times each span is brought."""

    @classmethod
    def of(cls, bits: int, spans: Iterable[Span]) -> Members:
        """Build the set from what every port brings."""
        counts: dict[Span, int] = {}
        for span in spans:
            counts[span] = counts.get(span, 0) + 1
        return cls(IntervalSet.of(bits, counts), counts)

    def changed(self, gone: Iterable[Span], come: Iterable[Span]) -> Members:
        """Return the set after some spans went and others came."""
        counts = dict(self.counts)
        ended = [span for span in gone if not _counted(counts, span, -1)]
        begun = [span for span in come if _counted(counts, span, 1) == 1]
        if len(begun) + len(ended) > FEW:
            return Members(IntervalSet.of(self.values.bits, counts), counts)
        values = self.values
        for span in begun:
            values = values.with_span(*span)
        for span in ended:
            if span not in counts:
                values = _without(values, span, counts)
        return Members(values, counts)


def _counted(counts: dict[Span, int], span: Span, more: int) -> int:
    """Count a span that comes or goes; return how many times it is brought now."""
    count = counts.get(span, 0) + more
    if count:
        counts[span] = count
    else:
        del counts[span]
    return count


def _without(values: IntervalSet, gone: Span, counts: Mapping[Span, int]) -> IntervalSet:
    """Take a span out, and put back what other spans still bring of it."""
    first, last = gone
    values = values.without_span(first, last)
    if first != last:
        others: Iterable[Span] = (span for span in counts if span[0] <= last and first <= span[1])
    else:
        blocks = (Block.around(first, length, values.bits) for length in range(values.bits))
        others = ((block.first, block.last) for block in blocks)
    for span in others:
        if span in counts:
            values = values.with_span(*span)
    return values


def regrouped(base: Mapping[Place, Members], moves: Iterable[Move]) -> dict[Place, Members]:
    """Return the members of the groups that were asked for, after some ports moved."""
    gone: dict[Place, list[Span]] = {}
    come: dict[Place, list[Span]] = {}
    for move in moves:
        for thing, spans in zip(move, (gone, come), strict=True):
            if isinstance(thing, Port):
                for key in product(thing.security_groups, FAMILIES):
                    if key in base:
                        spans.setdefault(key, []).extend(spans_of(thing, key[1]))
    members = dict(base)
    for key in {*gone, *come}:
        if gone.get(key) != come.get(key):
            members[key] = base[key].changed(gone.get(key, ()), come.get(key, ()))
    return members


def spans_of(port: Port, family: Family) -> list[Span]:
    """Return what a port brings into the groups that it wears."""
    return [(prefix.first, prefix.last) for prefix in port.prefixes(family)]


def relisted(base: Mapping[Place, IntervalSet], moves: Iterable[Move]) -> dict[Place, IntervalSet]:
    """Return what address groups list, where that was asked for and did not change."""
    kept = dict(base)
    for move in moves:
        was, now = (thing.addresses if isinstance(thing, AddressGroup) else () for thing in move)
        if was != now:
            group_id = next(thing.id for thing in move if isinstance(thing, AddressGroup))
            for family in FAMILIES:
                kept.pop((group_id, family), None)
    return kept


def listed(prefixes: Iterable[Prefix], family: Family) -> IntervalSet:
    """Return the addresses of one family that lie in any of the prefixes."""
    spans = ((prefix.first, prefix.last) for prefix in prefixes if prefix.family is family)
    return IntervalSet.of(family.bits, spans)
