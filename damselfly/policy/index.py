"""Which of many rules match where in one field: bit sets of rules over elementary intervals.

A set of rules is an integer with bit *i* for rule *i*.  For each field the values fall into
elementary intervals in which the same rules match; intersecting the bit sets of all fields answers
for any number of rules at once (the "bit vector" scheme of Lakshman and Stiliadis, 1998).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
        """Build the index from pairs of a set of values and the rules that match there."""
        cuts = {0}
        for values, _ in sets:
            cuts.update(values.starts)
            cuts.update(end + 1 for end in values.ends)
        starts = sorted(cuts)
        place = {start: index for index, start in enumerate(starts)}
        rules = [0] * len(starts)
        for values, which in sets:
            for first, last in values.spans():
                for index in range(place[first], place[last + 1]):
                    rules[index] |= which
        return cls(bits, tuple(starts), tuple(rules))

    def at(self, value: int) -> int:
        """Return the rules that match at the value."""
        return self.rules[bisect_right(self.starts, value) - 1]

    def within(self, block: Block) -> int:
        """Return the rules that match anywhere in the block."""
        low = bisect_right(self.starts, block.first) - 1
        high = bisect_right(self.starts, block.last, low)
        found = 0
        for rules in self.rules[low:high]:
            found |= rules
        return found

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


@dataclass(frozen=True, slots=True)
class RemoteIndex:
    """The rules that match at each remote address: prefixes in one index, groups apart.

    A group may have ten thousand members and changes often, so its set is kept as it is and shared
    with everybody who names the group.
    """

    anywhere: int
    """Rules that do not look at the remote."""
    prefixes: Index
    groups: tuple[tuple[IntervalSet, int], ...]

    @classmethod
    def of(cls, bits: int, sets: Iterable[tuple[IntervalSet, int]]) -> RemoteIndex:
        """Build the index from pairs of a set of addresses and the rules that match there."""
        anywhere, spans, groups = 0, [], []
        for values, which in sets:
            if values.is_everything:
                anywhere |= which
            elif len(values.starts) == 1:
                spans.append((values, which))
            else:
                groups.append((values, which))
        return cls(anywhere, Index.of(bits, spans), tuple(groups))

    def at(self, value: int) -> int:
        """Return the rules that match at the address."""
        found = self.anywhere | self.prefixes.at(value)
        for values, which in self.groups:
            if value in values:
                found |= which
        return found

    def within(self, block: Block) -> int:
        """Return the rules that match anywhere in the block."""
        found = self.anywhere | self.prefixes.within(block)
        for values, which in self.groups:
            if values.meets(block.first, block.last):
                found |= which
        return found

    def clear_length(self, value: int, rules: int) -> int:
        """Return the length of the widest block around the address in which none matches."""
        length = self.prefixes.clear_length(value, rules)
        for values, which in self.groups:
            if which & rules:
                length = max(length, values.length_around(value))
        return length
