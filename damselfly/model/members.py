"""The addresses of a group's members, kept up as members come and go.

Several ports may bring the same address, or overlapping prefixes, into a group: a span stays in the
set for as long as anybody brings it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .intervals import IntervalSet

Span = tuple[int, int]
"""First and last address, both included."""


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
        values = self.values
        for span in come:
            counts[span] = counts.get(span, 0) + 1
            values = values.with_span(*span)
        for span in gone:
            counts[span] -= 1
            if not counts[span]:
                del counts[span]
                values = _without(values, span, counts)
        return Members(values, counts)


def _without(values: IntervalSet, gone: Span, counts: Mapping[Span, int]) -> IntervalSet:
    """Take a span out, and put back what other spans still bring of it."""
    first, last = gone
    values = values.without_span(first, last)
    for span in counts:
        if span[0] <= last and first <= span[1]:
            values = values.with_span(*span)
    return values
