"""Which field a denial is narrowed in: the one whose complement takes the fewest blocks.

A denied packet fails every rule in at least one field, often in several.  Keeping off a rule in
one field is enough, and the choice decides how many regions a policy has: a rule "any protocol from
my own group" costs one region per outside block when the remote is narrowed, and 65,536 when the
port is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from damselfly.model.group import ICMP_PROTOCOLS
from damselfly.model.intervals import IntervalSet

from .meaning import Box

FEW = 8
"""The cost of narrowing to one protocol, or one ICMP type: few occur in practice."""
MANY_INTERVALS = 64
"""Beyond that many intervals the blocks of a complement are estimated, not counted."""


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

    @classmethod
    def of(cls, boxes: Sequence[Box]) -> Preference:
        """Weigh the fields of each rule.

        Rules that differ in one field only are weighed together in that field, since they are kept
        off together.
        """
        remote = _together(boxes, lambda b: (b.protocol, b.tp_src, b.tp_dst), lambda b: b.remote)
        ports = _together(boxes, lambda b: (b.protocol, _name(b.remote)), lambda b: b.tp_dst)
        before_protocol = before_tp = 0
        for index, box in enumerate(boxes):
            tp = FEW if box.protocol in ICMP_PROTOCOLS else ports[index]
            before_protocol |= (remote[index] < FEW) << index
            before_tp |= (remote[index] < tp) << index
        return cls(before_protocol, before_tp)

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


def _name(remote: IntervalSet) -> Hashable:
    """Return what rules of one remote share: of a prefix its addresses, of a group the set."""
    return remote if len(remote.starts) == 1 else id(remote)


def _together(
    boxes: Sequence[Box], alike: Callable[[Box], Hashable], field: Callable[[Box], IntervalSet]
) -> list[int]:
    """Return for each box the cost of the field, joined over all boxes that are alike otherwise."""
    sets: dict[Hashable, list[IntervalSet]] = defaultdict(list)
    for box in boxes:
        sets[alike(box)].append(field(box))
    costs = {key: _cost(_union(values)) for key, values in sets.items()}
    return [costs[alike(box)] for box in boxes]


def _union(sets: list[IntervalSet]) -> IntervalSet:
    if len(sets) == 1:
        return sets[0]
    return IntervalSet.of(sets[0].bits, (span for values in sets for span in values.spans()))


def _cost(values: IntervalSet) -> int:
    """Count the aligned blocks that make up the complement."""
    if len(values.starts) > MANY_INTERVALS:
        return len(values.starts) * FEW
    return values.count_blocks_outside()
