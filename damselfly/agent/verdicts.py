"""The verdicts in force: the agent's mirror of the VERDICTS table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from damselfly.flow.flow import Flow, FlowKey
from damselfly.model.address import Family
from damselfly.model.direction import Direction
from damselfly.model.packet import Packet
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.policy.region import Region, Verdict
from damselfly.policy.rulebook import RuleBook

Judged = tuple[int, Direction]
"""A port's key, and the direction of the rules that were asked."""
Book = Callable[[int, Direction, Family], RuleBook | None]
"""Finds the rules of a port by key; None where the port is not enforced."""
_Shape = tuple[bool, Family, bool, int, int, int]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A verdict and the flow that carries it."""

    verdict: Verdict
    per_packet: bool
    flow: Flow

    @property
    def shape(self) -> _Shape:
        """Which fields the region narrows, and how far: regions of one shape never overlap."""
        family, protocol, tp_src, tp_dst, remote = self.verdict.region
        lengths = (tp_src.length, tp_dst.length, remote.length)
        return (self.per_packet, family, protocol is None, *lengths)


def remembered(judged: Judged, verdict: Verdict, *, per_packet: bool) -> Remembered:
    """Return a verdict with its flow."""
    mark = 0 if verdict.rule is None else rule_mark(verdict.rule)
    carried = VerdictFlow(*judged, per_packet, verdict.region, mark)
    return Remembered(verdict, per_packet, carried.flow())


@dataclass(slots=True)
class _Answers:
    """The verdicts on one port and direction, found by packet in one look-up a shape."""

    by_key: dict[FlowKey, Remembered] = field(default_factory=dict)
    by_shape: dict[_Shape, dict[tuple[int | None, ...], Remembered]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    denials: int = 0

    def add(self, entry: Remembered) -> None:
        self.by_key[entry.flow.key] = entry
        self.by_shape[entry.shape][_place(entry.verdict.region)] = entry
        self.denials += not entry.verdict.allowed

    def drop(self, key: FlowKey) -> None:
        entry = self.by_key.pop(key, None)
        if entry is not None:
            self.denials -= not entry.verdict.allowed
            alike = self.by_shape[entry.shape]
            del alike[_place(entry.verdict.region)]
            if not alike:
                del self.by_shape[entry.shape]

    def covering(self, packet: Packet, remote: int, *, per_packet: bool) -> Remembered | None:
        for shape, alike in self.by_shape.items():
            its, family, any_protocol, src, dst, far = shape
            if its is not per_packet or family is not packet.family:
                continue
            place = (
                None if any_protocol else packet.protocol,
                packet.tp_src >> (16 - src),
                packet.tp_dst >> (16 - dst),
                remote >> (family.bits - far),
            )
            found = alike.get(place)
            if found is not None:
                return found
        return None


class Verdicts:
    """All verdicts in force, by what was judged."""

    def __init__(self) -> None:
        self._held: dict[Judged, _Answers] = {}
        self._checked: dict[tuple[Judged, Family], RuleBook] = {}

    def __iter__(self) -> Iterator[Remembered]:
        """Yield every verdict."""
        for answers in self._held.values():
            yield from answers.by_key.values()

    def add(self, judged: Judged, entry: Remembered) -> None:
        """Remember a verdict."""
        self._held.setdefault(judged, _Answers()).add(entry)

    def covering(self, judged: Judged, packet: Packet, *, per_packet: bool) -> Remembered | None:
        """Return a verdict in force that covers the packet, if there is one."""
        answers = self._held.get(judged)
        if answers is None:
            return None
        return answers.covering(packet, packet.remote(judged[1]), per_packet=per_packet)

    def denials(self, judged: Judged) -> int:
        """Count the denials in force."""
        answers = self._held.get(judged)
        return 0 if answers is None else answers.denials

    def counts(self, key: int) -> tuple[int, int]:
        """Count what allows and what denies at a port, in both directions."""
        found = [self._held[key, way] for way in Direction if (key, way) in self._held]
        denials = sum(answers.denials for answers in found)
        return sum(len(answers.by_key) for answers in found) - denials, denials

    def forget(self, key: FlowKey) -> None:
        """Drop a verdict whose flow the switch has not taken."""
        for answers in self._held.values():
            answers.drop(key)

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self._checked.clear()

    def revise(self, book: Book) -> list[FlowKey]:
        """Forget the verdicts that the rules in force do not give; return their flows' keys."""
        gone: list[FlowKey] = []
        checked: dict[tuple[Judged, Family], RuleBook] = {}
        for judged, answers in list(self._held.items()):
            for family in {shape[1] for shape in answers.by_shape}:
                rules = book(*judged, family)
                if rules is None or self._checked.get((judged, family)) is not rules:
                    gone += _dropped(answers, family, rules)
                if rules is not None:
                    checked[judged, family] = rules
            if not answers.by_key:
                del self._held[judged]
        # A book seen earlier than in this round says nothing of verdicts given since.
        self._checked = checked
        return gone


def _dropped(answers: _Answers, family: Family, rules: RuleBook | None) -> list[FlowKey]:
    wrong = [
        key
        for key, entry in answers.by_key.items()
        if entry.verdict.region.family is family
        and (rules is None or not rules.holds(entry.verdict))
    ]
    for key in wrong:
        answers.drop(key)
    return wrong


def _place(region: Region) -> tuple[int | None, ...]:
    blocks = (region.tp_src, region.tp_dst, region.remote)
    return (region.protocol, *(block.value >> (block.bits - block.length) for block in blocks))
