"""Does a change of policy only widen?  Then no connection needs to be looked at again.

Asked of every change for every policy of the host, so what did not change must cost nothing: rules
that are the very same objects, and groups of which only members came, are passed over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from damselfly.model.address import Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, Rule
from damselfly.model.intervals import IntervalSet
from damselfly.model.snapshot import Snapshot
from damselfly.policy.meaning import Box, box, protocol_of, remote_of

MANY_PIECES = 64
"""Beyond that many leftovers the search gives up and answers no, which is always safe."""
EFFORT = 200_000
"""Rules and spans of addresses that are looked at before it gives up; some tenths of a second."""
_SHORT = 8
"""Intervals of what is lost that are compared with each rule's remote."""


class Terms(NamedTuple):
    """What ports that wear these groups are judged by, in one direction and family."""

    snapshot: Snapshot
    groups: tuple[str, ...]
    direction: Direction
    family: Family

    def rules(self) -> Iterator[Rule]:
        """Yield the rules, in any order."""
        for group_id in self.groups:
            group = self.snapshot.groups.get(group_id)
            if group is not None:
                yield from group.rules_for(self.direction, self.family)


class _Piece(NamedTuple):
    """Packets that the old rules admit; nobody has said yet that the new ones do."""

    tp_src: IntervalSet
    tp_dst: IntervalSet
    remote: IntervalSet


def only_widens(old: Terms, new: Terms) -> bool:
    """Tell whether every packet that the old rules admit is admitted by the new ones.

    Exact but for two cases in which it answers no without being sure: "any protocol" replaced by
    rules that name each protocol, and coverage that falls into very many pieces or takes
    :data:`EFFORT` to find.
    """
    return _Comparison(old, new).covered()


class _Comparison:
    """Old and new rules; they share few remotes, so what is found out about a pair is kept."""

    def __init__(self, old: Terms, new: Terms) -> None:
        self.old = old
        self.new = new
        self._by_id = {rule.id: rule for rule in new.rules()}
        self._boxes: dict[str, Box | None] = {}
        self._grown: dict[tuple[str, str], bool] = {}
        self._met: dict[int, list[Box]] = {}
        self._subtracted: dict[tuple[int, int], tuple[IntervalSet, IntervalSet, IntervalSet]] = {}
        """What is left, and both sets: an id names a set for as long as that is kept."""
        self._left = EFFORT

    def covered(self) -> bool:
        return all(
            self._admitted(rule)
            for rule in self.old.rules()
            if self._by_id.get(rule.id) is not rule or not self._has_grown(rule)
        )

    def _has_grown(self, rule: Rule) -> bool:
        """Tell whether all whom the rule meant as remote it still means."""
        name = rule.remote_set
        if name is None:
            return True
        known = self._grown.get(name)
        if known is None:
            was, now = (remote_of(rule, terms.snapshot) for terms in (self.old, self.new))
            known = self._grown[name] = was is now or now.contains(was)
        return known

    def _admitted(self, rule: Rule) -> bool:
        """Tell whether what an old rule admits still is: by the same, one alike, or several."""
        was = box(rule, self.old.snapshot)
        if was is None:
            return True
        pieces = [_Piece(was.tp_src, was.tp_dst, was.remote)]
        same = self._by_id.get(rule.id)
        now = None if same is None else self._box(same)
        if now is not None and now.protocol in (None, was.protocol):
            pieces = self._without(pieces[0], now)
        if now is None and any(self._contains(o, was) for o in self._alike.get(_likeness(was), ())):
            return True
        if not all(self._may_admit(was.protocol, piece) for piece in pieces):
            return False
        for other in self._near(was, pieces) if pieces else ():
            effort = sum(len(piece.remote.starts) + len(other.remote.starts) for piece in pieces)
            self._left -= 1 + effort
            if self._left < 0:
                return False
            pieces = [left for piece in pieces for left in self._without(piece, other)]
            if not pieces or len(pieces) > MANY_PIECES:
                break
        return not pieces

    def _may_admit(self, protocol: int | None, piece: _Piece) -> bool:
        """Tell whether one packet of the piece may be admitted; mostly what is lost is not."""
        values = piece.tp_src.starts[0], piece.tp_dst.starts[0], piece.remote.starts[0]
        return any(
            protocol_of(rule) in (None, protocol)
            and _may_admit_ports(rule, *values[:2])
            and values[2] in remote_of(rule, self.new.snapshot)
            for rule in self.new.rules()
        )

    def _box(self, rule: Rule) -> Box | None:
        """Return what a new rule admits; rules of two groups may share an id, by mistake."""
        if self._by_id.get(rule.id) is not rule:
            return box(rule, self.new.snapshot)
        if rule.id not in self._boxes:
            self._boxes[rule.id] = box(rule, self.new.snapshot)
        return self._boxes[rule.id]

    @cached_property
    def _alike(self) -> dict[object, list[Box]]:
        alike: dict[object, list[Box]] = defaultdict(list)
        for rule in self.new.rules():
            now = self._box(rule)
            if now is not None:
                alike[_likeness(now)].append(now)
        return alike

    def _near(self, was: Box, pieces: list[_Piece]) -> Iterator[Box]:
        """Yield the new boxes that may admit a part of the pieces."""
        lost = {id(piece.remote): piece.remote for piece in pieces}
        remote = was.remote if len(lost) > 1 else pieces[0].remote
        met = self._met.get(id(remote))
        if met is None:
            meant = map(self._box, self._meeting(remote))
            met = self._met[id(remote)] = [now for now in meant if now is not None]
        for now in met:
            if now.protocol in (None, was.protocol) and now.tp_dst & was.tp_dst:
                yield now

    def _meeting(self, remote: IntervalSet) -> Iterator[Rule]:
        """Yield the new rules whose remote may meet these addresses."""
        spans = list(remote.spans()) if len(remote.starts) <= _SHORT else None
        sets: dict[tuple[str, str], bool] = {}
        for rule in self.new.rules():
            name, prefix = rule.remote_set, rule.remote_ip_prefix
            if spans is None or (name is None and prefix is None):
                yield rule
            elif name is not None:
                if name not in sets:
                    members = remote_of(rule, self.new.snapshot)
                    sets[name] = any(members.meets(*span) for span in spans)
                if sets[name]:
                    yield rule
            elif prefix is not None and _overlaps(prefix, spans):
                yield rule

    def _contains(self, outer: Box, inner: Box) -> bool:
        return (
            outer.protocol in (None, inner.protocol)
            and outer.tp_src.contains(inner.tp_src)
            and outer.tp_dst.contains(inner.tp_dst)
            and not self._minus(inner.remote, outer.remote)
        )

    def _without(self, piece: _Piece, now: Box) -> list[_Piece]:
        """Return what of the piece lies outside the box, as disjoint pieces."""
        src, dst = piece.tp_src & now.tp_src, piece.tp_dst & now.tp_dst
        if not (src and dst):
            return [piece]
        remote = self._minus(piece.remote, now.remote)
        if remote == piece.remote:
            return [piece]
        outside = (
            _Piece(piece.tp_src - now.tp_src, piece.tp_dst, piece.remote),
            _Piece(src, piece.tp_dst - now.tp_dst, piece.remote),
            _Piece(src, dst, remote),
        )
        return [left for left in outside if left.tp_src and left.tp_dst and left.remote]

    def _minus(self, one: IntervalSet, other: IntervalSet) -> IntervalSet:
        pair = (id(one), id(other))
        known = self._subtracted.get(pair)
        if known is None:
            known = self._subtracted[pair] = one - other, one, other
        return known[0]


def _may_admit_ports(rule: Rule, src: int, dst: int) -> bool:
    low, high = rule.port_range_min, rule.port_range_max
    if rule.protocol in ICMP_PROTOCOLS:
        return low in (None, src) and high in (None, dst)
    return (low is None or low <= dst) and (high is None or dst <= high)


def _likeness(one: Box) -> object:
    """Return what boxes share that may well be equal; of many addresses, the first ones."""
    remote = one.remote
    return one.protocol, one.tp_src, one.tp_dst, remote.starts[:1], remote.ends[:1]


def _overlaps(prefix: Prefix, spans: Iterable[tuple[int, int]]) -> bool:
    return any(prefix.first <= last and first <= prefix.last for first, last in spans)
