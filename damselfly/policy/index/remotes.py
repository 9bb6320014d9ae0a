"""The rules that match at each remote address: prefixes in one index, named sets apart.

A group may have ten thousand members and changes often, so its set is kept as it is and shared with
everybody who names the group.  A few sets are asked one by one; many stand together in a crowd.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from damselfly.model.intervals import Block, IntervalSet

from . import tree
from .crowd import Crowd, Name
from .field import Index

FEW = 8
"""Sets of one book that are best asked one by one."""
_KNOWN = 4096
"""Combinations of sets of which it is remembered which rules name one of them."""


class Remote(NamedTuple):
    """The far end that some rules name."""

    name: Name | None
    """Of a set whose addresses may change, and which others may name too; None: of a prefix."""
    values: IntervalSet
    rules: int


@dataclass(frozen=True, slots=True)
class _Named:
    """Which rules name which set of a crowd."""

    mask: int = 0
    of_slot: Mapping[int, int] = field(default_factory=dict)
    known: dict[int, int] = field(default_factory=dict)

    def rules(self, slots: int) -> int:
        """Return the rules that name any of the sets with these bits."""
        slots &= self.mask
        found = self.known.get(slots)
        if found is None:
            found, left = 0, slots
            while left:
                lowest = left & -left
                found |= self.of_slot[lowest]
                left ^= lowest
            if len(self.known) >= _KNOWN:
                self.known.clear()
            self.known[slots] = found
        return found


@dataclass(frozen=True, slots=True)
class RemoteIndex:
    """The rules that match at each remote address; no rule has two remotes."""

    bits: int
    anywhere: int
    """Rules that do not look at the remote."""
    prefixes: Index
    sets: tuple[Remote, ...]
    crowd: Crowd | None = field(default=None, repr=False, compare=False)
    """All the sets in one tree, others beside them maybe; None: they are asked one by one."""
    _named: _Named = field(default_factory=_Named, repr=False, compare=False)

    @classmethod
    def of(cls, bits: int, remotes: Iterable[Remote]) -> RemoteIndex:
        """Build the index, without a crowd."""
        anywhere, prefixes, sets = 0, [], []
        for remote in remotes:
            if remote.name is not None:
                sets.append(remote)
            elif remote.values.is_everything:
                anywhere |= remote.rules
            else:
                prefixes.append((remote.values, remote.rules))
        return cls(bits, anywhere, Index.of(bits, prefixes), tuple(sets))

    @property
    def has_many(self) -> bool:
        """Tell whether the sets should stand in a crowd."""
        return len(self.sets) > FEW

    def with_sets(self, now: Mapping[Name, IntervalSet]) -> RemoteIndex:
        """Return the index with other values in some sets, and without a crowd."""
        sets = (
            Remote(name, values if name is None else now.get(name, values), rules)
            for name, values, rules in self.sets
        )
        return RemoteIndex(self.bits, self.anywhere, self.prefixes, tuple(sets))

    def within_crowd(self, crowd: Crowd) -> RemoteIndex:
        """Return the index with its sets asked in a crowd, which they join."""
        joined = crowd.joined({each.name: each.values for each in self.sets if each.name})
        of_slot = {joined.slots[each.name]: each.rules for each in self.sets if each.name}
        return replace(self, crowd=joined, _named=_Named(sum(of_slot), of_slot))

    def at(self, value: int) -> int:
        """Return the rules that match at the address."""
        found = self.anywhere | self.prefixes.at(value)
        if self.crowd is not None:
            return found | self._named.rules(tree.bits_at(self.crowd.root, value, self.bits))
        for _, values, which in self.sets:
            if value in values:
                found |= which
        return found

    def within(self, block: Block) -> int:
        """Return the rules that match anywhere in the block."""
        found = self.anywhere | self.prefixes.within(block)
        if self.crowd is not None:
            return found | self._named.rules(tree.bits_within(self.crowd.root, block))
        for _, values, which in self.sets:
            if values.meets(block.first, block.last):
                found |= which
        return found

    def meeting(self, values: IntervalSet) -> int:
        """Return the rules that may match somewhere in the set: of a large one, all rules."""
        if len(values.starts) > FEW:
            values = IntervalSet.everything(self.bits)
        found = self.anywhere | self.prefixes.meeting(values)
        for _, members, which in self.sets:
            if any(members.meets(*span) for span in values.spans()):
                found |= which
        return found

    def clear_length(self, value: int, rules: int) -> int:
        """Return the length of the widest block around the address in which none matches."""
        length = self.prefixes.clear_length(value, rules)
        if self.crowd is not None:
            named = self._named.rules

            def is_met(slots: int) -> int:
                return named(slots) & rules

            return max(length, tree.clear_length(self.crowd.root, value, self.bits, is_met))
        for _, values, which in self.sets:
            if which & rules:
                length = max(length, values.length_around(value))
        return length
