"""Does a change of policy only widen?  Then no connection needs to be looked at again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from damselfly.model.intervals import IntervalSet

from .meaning import Box
from .rulebook import RuleBook

MANY_PIECES = 64
"""Beyond that many leftovers the search gives up and answers no, which is always safe."""
EFFORT = 200_000
"""Rules and spans of addresses that are looked at before it gives up; some tenths of a second."""


class _Piece(NamedTuple):
    tp_src: IntervalSet
    tp_dst: IntervalSet
    remote: IntervalSet


def only_widens(old: RuleBook, new: RuleBook) -> bool:
    """Tell whether every packet that the old rules admit is admitted by the new ones.

    Exact but for two cases in which it answers no without being sure: "any protocol" replaced by
    rules that name each protocol, and coverage that falls into very many pieces or takes
    :data:`EFFORT` to find.
    """
    return old is new or _Comparison(old, new).covered()


class _Comparison:
    """Two rule books; rules share few remotes, so what is found out about a pair is kept."""

    def __init__(self, old: RuleBook, new: RuleBook) -> None:
        self.old = old
        self.new = new
        self._contained: dict[tuple[int, int], bool] = {}
        self._left = EFFORT
        self._alike: dict[object, list[Box]] = defaultdict(list)
        for box in new.boxes:
            self._alike[_likeness(box)].append(box)

    def covered(self) -> bool:
        return all(self._admitted(place, box) for place, box in enumerate(self.old.boxes))

    def _admitted(self, place: int, box: Box) -> bool:
        """Tell whether the new rules, those that look the same first, admit all of the box."""
        same = self.new.places.get(self.old.rules[place].id)
        if same is not None and self._contains(self.new.boxes[same], box):
            return True
        if any(self._contains(other, box) for other in self._alike.get(_likeness(box), ())):
            return True
        pieces = [_Piece(box.tp_src, box.tp_dst, box.remote)]
        for other in self._near(box):
            if self._contains(other, box):
                return True
            self._left -= sum(
                len(piece.remote.starts) + len(other.remote.starts) for piece in pieces
            )
            if self._left < 0:
                return False
            pieces = [left for piece in pieces for left in _without(piece, other)]
            if not pieces or len(pieces) > MANY_PIECES:
                break
        return not pieces

    def _near(self, box: Box) -> Iterator[Box]:
        """Yield the new boxes that may admit a part of the box, as far as that is cheap to tell."""
        for other in self.new.boxes:
            self._left -= 1
            if other.protocol in (None, box.protocol) and _overlap(other.tp_dst, box.tp_dst):
                yield other

    def _contains(self, outer: Box, inner: Box) -> bool:
        return (
            outer.protocol in (None, inner.protocol)
            and outer.tp_src.contains(inner.tp_src)
            and outer.tp_dst.contains(inner.tp_dst)
            and self._remote_contains(outer.remote, inner.remote)
        )

    def _remote_contains(self, outer: IntervalSet, inner: IntervalSet) -> bool:
        pair = (id(outer), id(inner))
        known = self._contained.get(pair)
        if known is None:
            known = self._contained[pair] = outer is inner or outer.contains(inner)
        return known


def _likeness(box: Box) -> object:
    """Return what boxes share that may well be equal; of many addresses, the first ones."""
    remote = box.remote
    return box.protocol, box.tp_src, box.tp_dst, remote.starts[:1], remote.ends[:1]


def _overlap(one: IntervalSet, other: IntervalSet) -> bool:
    small, large = sorted((one, other), key=lambda values: len(values.starts))
    return any(large.meets(first, last) for first, last in small.spans())


def _without(piece: _Piece, box: Box) -> list[_Piece]:
    """Return what of the piece lies outside the box, as disjoint pieces."""
    src, dst = piece.tp_src & box.tp_src, piece.tp_dst & box.tp_dst
    if not (src and dst):
        return [piece]
    remote = piece.remote & box.remote
    if not remote:
        return [piece]
    outside = (
        _Piece(piece.tp_src - box.tp_src, piece.tp_dst, piece.remote),
        _Piece(src, piece.tp_dst - box.tp_dst, piece.remote),
        _Piece(src, dst, piece.remote - box.remote),
    )
    return [left for left in outside if left.tp_src and left.tp_dst and left.remote]
