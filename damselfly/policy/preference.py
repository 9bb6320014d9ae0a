"""Which field a denial is narrowed in: the one whose complement takes the fewest blocks.

A denied packet fails every rule in at least one field, often in several.  Keeping off a rule in
one field is enough, and the choice decides how many regions a policy has: a rule "any protocol from
my own group" costs one region per outside block when the remote is narrowed, and 65,536 when the
port is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from damselfly.model.group import ICMP_PROTOCOLS, Rule
from damselfly.model.intervals import IntervalSet

from .index import rule_set
from .meaning import Box

FEW = 8
"""The cost of narrowing to one protocol, or one ICMP type: few occur in practice."""
MANY_INTERVALS = 64
"""Beyond that many intervals the blocks of a complement are estimated, not counted."""
MANY_TOGETHER = 4096
"""Beyond that many, nobody looks which of them overlap or touch."""
_Places = tuple[int, ...]


class Fields(NamedTuple):
    """A set of rules per field: those that fail there, or those that it was chosen for."""

    protocol: int
    tp_src: int
    tp_dst: int
    remote: int


@dataclass(frozen=True, slots=True)
class Preference:
    """The rules for which the remote is the cheaper field, against protocol and against ports."""

    remote_before_protocol: int
    remote_before_tp: int
    _alike: tuple[_Places, ...]
    """For each rule, those that differ from it in the remote only, itself included."""
    _tp_costs: tuple[int, ...]

    @classmethod
    def of(cls, rules: Sequence[Rule], boxes: Sequence[Box]) -> Preference:
        """Weigh the fields of each rule.

        Rules that differ in one field only are weighed together in that field, since they are kept
        off together.
        """
        alike = _gathered([(b.protocol, b.tp_src, b.tp_dst) for b in boxes])
        ports = _gathered(
            [(b.protocol, r.remote_set or b.remote) for r, b in zip(rules, boxes, strict=True)]
        )
        costs = {id(places): _cost([boxes[n].tp_dst for n in places]) for places in _once(ports)}
        tp_costs = tuple(
            FEW if box.protocol in ICMP_PROTOCOLS else costs[id(places)]
            for box, places in zip(boxes, ports, strict=True)
        )
        return cls(0, 0, alike, tp_costs).with_remotes(boxes, range(len(boxes)))

    def with_remotes(self, boxes: Sequence[Box], changed: Iterable[int]) -> Preference:
        """Weigh again the rules that have got other remotes, and those that are like them."""
        weighed: list[int] = []
        before_protocol: list[int] = []
        before_tp: list[int] = []
        for places in _once(self._alike[place] for place in changed):
            remote = _cost([boxes[place].remote for place in places])
            weighed += places
            before_protocol += places if remote < FEW else ()
            before_tp += (place for place in places if remote < self._tp_costs[place])
        kept = ~rule_set(weighed)
        return Preference(
            self.remote_before_protocol & kept | rule_set(before_protocol),
            self.remote_before_tp & kept | rule_set(before_tp),
            self._alike,
            self._tp_costs,
        )

    def choose(self, failed: Fields) -> Fields:
        """Give each rule, which fails in one field or more, exactly one to be kept off in."""
        failed_tp = failed.tp_src | failed.tp_dst
        remote = failed.remote & (
            failed.protocol & self.remote_before_protocol
            | failed_tp & self.remote_before_tp
            | ~(failed.protocol | failed_tp)
        )
        protocol = failed.protocol & ~remote
        tp_src = failed.tp_src & ~remote
        return Fields(protocol, tp_src, failed.tp_dst & ~remote & ~tp_src, remote)


def _gathered(keys: Sequence[Hashable]) -> tuple[_Places, ...]:
    """Return for each place all places with the same key."""
    gathered: dict[Hashable, list[int]] = defaultdict(list)
    for place, key in enumerate(keys):
        gathered[key].append(place)
    places = {key: tuple(each) for key, each in gathered.items()}
    return tuple(places[key] for key in keys)


def _once(gathered: Iterable[_Places]) -> Iterable[_Places]:
    """Return each of the shared tuples once."""
    return {id(places): places for places in gathered}.values()


def _cost(sets: Sequence[IntervalSet]) -> int:
    """Count the aligned blocks that make up the complement of the union."""
    count = sum(len(values.starts) for values in sets)
    if count > MANY_TOGETHER or any(len(values.starts) > MANY_INTERVALS for values in sets):
        return count * FEW
    union = sets[0]
    if len(sets) > 1:
        union = IntervalSet.of(union.bits, (span for values in sets for span in values.spans()))
    if len(union.starts) > MANY_INTERVALS:
        return len(union.starts) * FEW
    return union.count_blocks_outside()
