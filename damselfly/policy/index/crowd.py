"""Many sets of addresses in one tree, so that a look-up does not depend on how many there are.

Each set has a bit, its *slot*.  A crowd is shared by all rule books that name many sets, and by
successive versions: a set that changed is brought up to date by what differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from damselfly.model.intervals import Block, IntervalSet

from . import tree
from .tree import Tree

Name = tuple[str, str]
"""What a set is called from version to version."""
MANY = 256
"""Blocks that are put into a tree one by one; with more it is built anew."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Some sets of values of one field."""

    bits: int
    sets: Mapping[Name, IntervalSet]
    slots: Mapping[Name, int]
    """The bit of each set, as a number with only that bit."""
    root: Tree

    @classmethod
    def empty(cls, bits: int) -> Crowd:
        """Return the crowd without a set, for a field that is so many bits wide."""
        return cls(bits, {}, {}, None)

    def joined(self, wanted: Mapping[Name, IntervalSet]) -> Crowd:
        """Return the crowd with these sets as they are now, and all others as they were."""
        news = {name: now for name, now in wanted.items() if self.sets.get(name) is not now}
        if not news:
            return self
        sets, slots = {**self.sets, **news}, _allotted(self.slots, news)
        pairs = [(self.sets.get(name, _nothing(self.bits)), now) for name, now in news.items()]
        if sum(abs(len(was.starts) - len(now.starts)) for was, now in pairs) > MANY:
            return Crowd(self.bits, sets, slots, _planted(sets, slots))
        root = self.root
        for (was, now), name in zip(pairs, news, strict=True):
            gone, come = was.apart(now)
            for block in _blocks(self.bits, gone):
                root = tree.changed(root, block, 0, slots[name])
            for block in _blocks(self.bits, come):
                root = tree.changed(root, block, slots[name])
        return Crowd(self.bits, sets, slots, root)

    def only(self, names: Collection[Name | None]) -> Crowd:
        """Return the crowd with no other sets than these."""
        if self.sets.keys() <= set(names):
            return self
        left = Crowd.empty(self.bits)
        return left.joined({name: now for name, now in self.sets.items() if name in names})


def _allotted(slots: Mapping[Name, int], names: Collection[Name]) -> dict[Name, int]:
    """Give each name the lowest slot that is free, where it has none yet."""
    allotted, taken = dict(slots), set(slots.values())
    free = (slot for slot in (1 << number for number in count()) if slot not in taken)
    for name in names:
        if name not in allotted:
            allotted[name] = next(free)
    return allotted


def _planted(sets: Mapping[Name, IntervalSet], slots: Mapping[Name, int]) -> Tree:
    bits: dict[Block, int] = defaultdict(int)
    for name, values in sets.items():
        for block in values.blocks():
            bits[block] |= slots[name]
    return tree.planted(sorted(bits.items()))


def _blocks(bits: int, spans: Iterable[tuple[int, int]]) -> Iterator[Block]:
    for first, last in spans:
        yield from IntervalSet(bits, (first,), (last,)).blocks()


def _nothing(bits: int) -> IntervalSet:
    return IntervalSet(bits, (), ())
