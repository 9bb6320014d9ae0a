"""Does a change of policy only widen?  Then no connection needs to be looked at again."""

from __future__ import annotations

from typing import NamedTuple

from damselfly.model.intervals import IntervalSet

from .meaning import Box
from .rulebook import RuleBook

MANY_PIECES = 64
"""Beyond that many leftovers the search gives up and answers no, which is always safe."""


class _Piece(NamedTuple):
    tp_src: IntervalSet
    tp_dst: IntervalSet
    remote: IntervalSet


def only_widens(old: RuleBook, new: RuleBook) -> bool:
    """Tell whether every packet that the old rules admit is admitted by the new ones.

    Exact but for two cases in which it answers no without being sure: "any protocol" replaced by
    rules that name each protocol, and coverage that falls into very many pieces.
    """
    return old is new or all(_covered(box, old, new, place) for place, box in enumerate(old.boxes))


def _covered(box: Box, old: RuleBook, new: RuleBook, place: int) -> bool:
    same = new.places.get(old.rules[place].id)
    if same is not None and _contains(new.boxes[same], box):
        return True
    candidates = [other for other in new.boxes if other.protocol in (None, box.protocol)]
    if any(_contains(other, box) for other in candidates):
        return True
    pieces = [_Piece(box.tp_src, box.tp_dst, box.remote)]
    for other in candidates:
        pieces = [left for piece in pieces for left in _without(piece, other)]
        if not pieces:
            return True
        if len(pieces) > MANY_PIECES:
            return False
    return False


def _contains(outer: Box, inner: Box) -> bool:
    return (
        outer.protocol in (None, inner.protocol)
        and outer.tp_src.contains(inner.tp_src)
        and outer.tp_dst.contains(inner.tp_dst)
        and (outer.remote is inner.remote or outer.remote.contains(inner.remote))
    )


def _without(piece: _Piece, box: Box) -> list[_Piece]:
    """Return what of the piece lies outside the box, as disjoint pieces."""
    src, dst, remote = (
        piece.tp_src & box.tp_src,
        piece.tp_dst & box.tp_dst,
        piece.remote & box.remote,
    )
    if not (src and dst and remote):
        return [piece]
    outside = (
        _Piece(piece.tp_src - box.tp_src, piece.tp_dst, piece.remote),
        _Piece(src, piece.tp_dst - box.tp_dst, piece.remote),
        _Piece(src, dst, piece.remote - box.remote),
    )
    return [left for left in outside if left.tp_src and left.tp_dst and left.remote]
