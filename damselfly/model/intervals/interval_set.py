"""Unions of intervals, immutable; two that are nearly alike are compared by what differs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce

from .block import Block
from .windows import Spans, windows

FEW = 16
"""Intervals that are taken out one by one, each by copying the rest."""


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """An immutable set of integers below ``2 ** bits``.

    ``starts`` and ``ends`` (inclusive) are parallel, ascending, and no two intervals touch.
    """

    bits: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, bits: int, spans: Iterable[tuple[int, int]]) -> IntervalSet:
        """Build the union of inclusive ``(first, last)`` spans in any order, overlapping or not."""
        starts: list[int] = []
        ends: list[int] = []
        for first, last in sorted(spans):
            if ends and first <= ends[-1] + 1:
                ends[-1] = max(ends[-1], last)
            else:
                starts.append(first)
                ends.append(last)
        return cls(bits, tuple(starts), tuple(ends))

    @classmethod
    def everything(cls, bits: int) -> IntervalSet:
        """Return the set of all values of the field."""
        return cls(bits, (0,), ((1 << bits) - 1,))

    @classmethod
    def single(cls, bits: int, value: int) -> IntervalSet:
        """Return the set of one value."""
        return cls(bits, (value,), (value,))

    @property
    def is_everything(self) -> bool:
        """Tell whether no value is missing."""
        return self.starts == (0,) and self.ends[0] == (1 << self.bits) - 1

    def __bool__(self) -> bool:
        """Tell whether any value is in the set."""
        return bool(self.starts)

    def __contains__(self, value: object) -> bool:
        """Tell whether the value is in the set."""
        if not isinstance(value, int):
            return False
        index = bisect_right(self.starts, value) - 1
        return index >= 0 and value <= self.ends[index]

    def spans(self) -> Iterator[tuple[int, int]]:
        """Yield the intervals as inclusive ``(first, last)`` pairs, ascending."""
        return zip(self.starts, self.ends, strict=True)

    def meets(self, first: int, last: int) -> bool:
        """Tell whether any value of the inclusive span is in the set."""
        index = bisect_left(self.ends, first)
        return index < len(self.starts) and self.starts[index] <= last

    def covers(self, first: int, last: int) -> bool:
        """Tell whether every value of the inclusive span is in the set."""
        index = bisect_right(self.starts, first) - 1
        return index >= 0 and last <= self.ends[index]

    def contains(self, other: IntervalSet) -> bool:
        """Tell whether every value of the other set is in this one."""
        return all(
            self.covers(*span)
            for window in windows(other.sorted_spans, self.sorted_spans)
            for span in other._between(window.low, window.high)
        )

    def with_span(self, first: int, last: int) -> IntervalSet:
        """Return the set with an inclusive span added."""
        low = bisect_left(self.ends, first - 1)
        high = bisect_right(self.starts, last + 1)
        if low < high:
            first = min(first, self.starts[low])
            last = max(last, self.ends[high - 1])
        return IntervalSet(
            self.bits,
            (*self.starts[:low], first, *self.starts[high:]),
            (*self.ends[:low], last, *self.ends[high:]),
        )

    def without_span(self, first: int, last: int) -> IntervalSet:
        """Return the set with an inclusive span taken out."""
        low = bisect_left(self.ends, first)
        high = bisect_right(self.starts, last)
        if low >= high:
            return self
        left = [(self.starts[low], first - 1)] if self.starts[low] < first else []
        right = [(last + 1, self.ends[high - 1])] if self.ends[high - 1] > last else []
        kept = left + right
        return IntervalSet(
            self.bits,
            (*self.starts[:low], *(start for start, _ in kept), *self.starts[high:]),
            (*self.ends[:low], *(end for _, end in kept), *self.ends[high:]),
        )

    def __or__(self, other: IntervalSet) -> IntervalSet:
        """Return the union."""
        return IntervalSet.of(self.bits, [*self.spans(), *other.spans()])

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        """Return the values of this set that are not in the other."""
        if self is other:
            return IntervalSet(self.bits, (), ())
        if len(other.starts) <= FEW:
            return reduce(lambda left, span: left.without_span(*span), other.spans(), self)
        left = [
            gap
            for window in windows(self.sorted_spans, other.sorted_spans)
            for span in self._between(window.low, window.high)
            for gap in other.gaps(*span)
        ]
        return _made(self.bits, left)

    def __invert__(self) -> IntervalSet:
        """Return the complement within the field."""
        return _made(self.bits, self.gaps(0, (1 << self.bits) - 1))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        """Return the intersection."""
        if self is other:
            return self
        small, large = sorted((self, other), key=lambda values: len(values.starts))
        return _made(self.bits, (part for span in small.spans() for part in large.within(*span)))

    def within(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield what the inclusive span has of the set, ascending."""
        low, high = bisect_left(self.ends, first), bisect_right(self.starts, last)
        for start, end in self._between(low, high):
            yield max(start, first), min(end, last)

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield what the inclusive span has that is not in the set, ascending."""
        for start, end in self.within(first, last):
            if first < start:
                yield first, start - 1
            first = end + 1
        if first <= last:
            yield first, last

    def apart(self, other: IntervalSet) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return the intervals of either set in which they differ; all others are in both."""
        mine: list[tuple[int, int]] = []
        others: list[tuple[int, int]] = []
        for window in windows(self.sorted_spans, other.sorted_spans):
            mine += self._between(window.low, window.high)
            others += other._between(window.other_low, window.other_high)
        return mine, others

    @property
    def sorted_spans(self) -> Spans:
        """The intervals, for a comparison with others."""
        return Spans(self.starts, self.ends)

    def _between(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        return zip(self.starts[low:high], self.ends[low:high], strict=True)

    def span_around(self, value: int) -> tuple[int, int]:
        """Return the widest inclusive span that holds the value and lies all in or all out."""
        index = bisect_right(self.starts, value) - 1
        if index >= 0 and value <= self.ends[index]:
            return self.starts[index], self.ends[index]
        low = self.ends[index] + 1 if index >= 0 else 0
        high = self.starts[index + 1] - 1 if index + 1 < len(self.starts) else (1 << self.bits) - 1
        return low, high

    def block_around(self, value: int) -> Block:
        """Return the widest aligned block that holds the value and lies all in or all out."""
        return Block.around(value, self.length_around(value), self.bits)

    def length_around(self, value: int) -> int:
        """Return the prefix length of :meth:`block_around`.

        A block of ``n`` free bits fits where rounding the value down and up by ``n`` bits stays
        inside the span; the largest such ``n`` follows from the highest bits in which the value
        differs from the span's neighbours.
        """
        low, high = self.span_around(value)
        below = (value ^ (low - 1)).bit_length() if low else self.bits + 1
        above = (value ^ (high + 1)).bit_length()
        return self.bits + 1 - min(below, above, self.bits + 1)

    def count_blocks_outside(self) -> int:
        """Count the fewest aligned blocks that make up the complement, without listing them."""
        if not self.starts:
            return 1
        free = (1 << self.bits) - 1
        count = self.starts[0].bit_count() + (~self.ends[-1] & free).bit_count()
        for below, above in zip(self.ends, self.starts[1:], strict=False):
            # Between two values lie one block per 0 of the lower and per 1 of the higher one,
            # counted below the highest bit in which they differ.
            low = (1 << (below ^ above).bit_length() - 1) - 1
            count += (~below & low).bit_count() + (above & low).bit_count()
        return count

    def blocks(self) -> Iterator[Block]:
        """Yield the fewest disjoint aligned blocks that make up the set, ascending."""
        for first, last in self.spans():
            value = first
            while value <= last:
                free = (value & -value).bit_length() - 1 if value else self.bits
                while value + (1 << free) - 1 > last:
                    free -= 1
                yield Block(value, self.bits - free, self.bits)
                value += 1 << free


def _made(bits: int, spans: Iterable[tuple[int, int]]) -> IntervalSet:
    """Return the set of ascending spans that do not touch."""
    listed = tuple(spans)
    return IntervalSet(bits, tuple(a for a, _ in listed), tuple(b for _, b in listed))
