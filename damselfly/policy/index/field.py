"""Which of many rules match where in one field: bit sets of rules over elementary intervals.

A set of rules is an integer with bit *i* for rule *i*.  For each field the values fall into
elementary intervals in which the same rules match; intersecting the bit sets of all fields answers
for any number of rules at once (the "bit vector" scheme of Lakshman and Stiliadis, 1998).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_, xor

from damselfly.model.intervals import Block, IntervalSet


def length_between(value: int, below: int | None, above: int | None, bits: int) -> int:
    """Return the prefix length of the widest aligned block around a value, kept off both limits.

    ``below`` and ``above`` are the nearest values that the block must not hold, None for none.
    """
    free = bits
    if below is not None:
        free = min(free, (value ^ below).bit_length() - 1)
    if above is not None:
        free = min(free, (value ^ above).bit_length() - 1)
    return bits - free


def rule_set(places: Iterable[int]) -> int:
    """Return the set of the rules at these places, in time linear in both."""
    listed = list(places)
    bits = bytearray(max(listed, default=0) // 8 + 1)
    for place in listed:
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


@dataclass(frozen=True, slots=True)
class Index:
    """The rules that match at each value of one field, ``bits`` wide."""

    bits: int
    starts: tuple[int, ...]
    """First values of the elementary intervals, ascending; the first is 0.

    Where a rule matches up to the field's last value, one more interval begins behind it.
    """
    rules: tuple[int, ...]
    """The rules that match in each interval."""

    @classmethod
    def of(cls, bits: int, sets: Sequence[tuple[IntervalSet, int]]) -> Index:
        """Build the index from pairs of a set of values and the rules that match there.

        No rule is in two pairs.
        """
        turns = {0: 0}
        for values, which in sets:
            for first, last in values.spans():
                turns[first] = turns.get(first, 0) ^ which
                turns[last + 1] = turns.get(last + 1, 0) ^ which
        starts = sorted(turns)
        rules = accumulate((turns[start] for start in starts), xor)
        return cls(bits, tuple(starts), tuple(rules))

    def at(self, value: int) -> int:
        """Return the rules that match at the value."""
        return self.rules[bisect_right(self.starts, value) - 1]

    def within(self, block: Block) -> int:
        """Return the rules that match anywhere in the block."""
        return self.between(block.first, block.last)

    def between(self, first: int, last: int) -> int:
        """Return the rules that match anywhere in the inclusive span."""
        low = bisect_right(self.starts, first) - 1
        high = bisect_right(self.starts, last, low)
        return reduce(or_, self.rules[low:high])

    def meeting(self, values: IntervalSet) -> int:
        """Return the rules that match anywhere in the set."""
        return reduce(or_, (self.between(*span) for span in values.spans()), 0)

    def clear_length(self, value: int, rules: int) -> int:
        """Return the length of the widest block around the value in which none of these matches.

        None of the rules may match at the value itself.
        """
        if not rules:
            return 0
        here = bisect_right(self.starts, value) - 1
        low = here - 1
        while low >= 0 and not self.rules[low] & rules:
            low -= 1
        high = here + 1
        while high < len(self.starts) and not self.rules[high] & rules:
            high += 1
        below = self.starts[low + 1] - 1 if low >= 0 else None
        above = self.starts[high] if high < len(self.starts) else None
        return length_between(value, below, above, self.bits)
