"""The verdicts in force: the agent's mirror of the VERDICTS table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from damselfly.flow.flow import Flow, FlowKey
from damselfly.model.address import FAMILY_BY_VERSION, Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, SCTP
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.pipeline.sides import Basis
from damselfly.policy.region import Verdict
from damselfly.policy.renewal import Holds, holds_since
from damselfly.policy.rulebook import RuleBook

from .eviction.order import Order

_BY_PACKET = ICMP_PROTOCOLS | {SCTP}
_NEAR = 0.875
"""The share of a budget from which on the use of verdicts is looked at."""
Judged = tuple[int, Direction]
"""A port's key, and the direction of the rules that were asked."""
Book = Callable[[int, Direction, Family], RuleBook | None]
"""Finds the rules of a port by key; None where the port is not enforced."""


class Budgets(NamedTuple):
    """How much is remembered, per port and direction."""

    denials: int = 1024
    verdicts: int = 4096
    """Denials and allowances together."""


class Room(NamedTuple):
    """Whether there is room for a verdict, and whose flow must go for it."""

    is_there: bool
    victim: FlowKey | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A verdict and the flow that carries it."""

    verdict: Verdict
    basis: Basis
    flow: Flow


def remembered(judged: Judged, verdict: Verdict, basis: Basis) -> Remembered:
    """Return a verdict with its flow."""
    mark = 0 if verdict.rule is None else rule_mark(verdict.rule)
    carried = VerdictFlow(*judged, basis, verdict.region, mark)
    return Remembered(verdict, basis, carried.flow())


def in_advance(judged: Judged, verdict: Verdict, *, stateful: bool) -> Iterator[Remembered]:
    """Yield an allowance in each form in which a port's packets look for it.

    Stateful: for connections; for ICMP that is not tracked; for SCTP, both ways.  Stateless: for
    packets and, where no port is named, for fragments.
    """
    region = verdict.region
    if not stateful:
        yield remembered(judged, verdict, Basis.PACKET)
        if region.tp_src.is_everything and region.tp_dst.is_everything:
            pieces = Verdict(region._replace(fragments=True), verdict.rule)
            yield remembered(judged, pieces, Basis.FRAGMENT)
        return
    if region.protocol != SCTP:
        yield remembered(judged, verdict, Basis.CONNECTION)
    if region.protocol is None or region.protocol in _BY_PACKET:
        yield remembered(judged, verdict, Basis.PACKET)
    if region.protocol in (None, SCTP):
        yield remembered(judged, verdict, Basis.ANSWER)


@dataclass(slots=True)
class _Answers:
    """The verdicts on one port and direction."""

    by_key: dict[FlowKey, Remembered] = field(default_factory=dict)
    denying: dict[FlowKey, None] = field(default_factory=dict)
    """Those that deny, the oldest first."""
    order: Order = field(default_factory=Order)

    def add(self, entry: Remembered) -> bool:
        before = len(self.by_key)
        self.by_key.setdefault(entry.flow.key, entry)
        if len(self.by_key) == before:
            return False
        if not entry.verdict.allowed:
            self.denying[entry.flow.key] = None
        return True

    def drop(self, key: FlowKey) -> None:
        self.by_key.pop(key, None)
        self.denying.pop(key, None)

    def families(self) -> list[Family]:
        versions = {entry.verdict.region.family.version for entry in self.by_key.values()}
        return [FAMILY_BY_VERSION[version] for version in versions]

    def is_full(self, budgets: Budgets) -> bool:
        return len(self.denying) >= budgets.denials or len(self.by_key) >= budgets.verdicts

    def first(self) -> FlowKey:
        """Return the verdict that goes first; the oldest of a kind where no use is known."""
        return self.order.first(self.by_key) or next(iter(self.denying or self.by_key))


class Verdicts:
    """All verdicts in force, by what was judged."""

    def __init__(self) -> None:
        self._held: dict[Judged, _Answers] = {}
        self._checked: dict[tuple[Judged, Family], RuleBook | None] = {}

    def __iter__(self) -> Iterator[Remembered]:
        """Yield every verdict."""
        for answers in self._held.values():
            yield from answers.by_key.values()

    def __len__(self) -> int:
        """Count all verdicts."""
        return sum(len(answers.by_key) for answers in self._held.values())

    def add(self, judged: Judged, entry: Remembered) -> bool:
        """Remember a verdict; tell whether it is new."""
        answers = self._held.get(judged)
        if answers is None:
            answers = self._held[judged] = _Answers()
        return answers.add(entry)

    def has(self, judged: Judged, entry: Remembered) -> bool:
        """Tell whether a verdict is in force already."""
        answers = self._held.get(judged)
        return answers is not None and entry.flow.key in answers.by_key

    def is_full(self, judged: Judged, budgets: Budgets) -> bool:
        """Tell whether no further denial may be remembered: all there may be are, and in use."""
        answers = self._held.get(judged)
        if answers is None or not answers.is_full(budgets):
            return False
        return not answers.order.has_idle(answers.denying)

    def make_room(self, judged: Judged, allowed: bool, budgets: Budgets) -> Room:
        """Forget one verdict where there are as many as may be.

        A denial takes the place only of a denial that nothing has met for a while.  For an
        allowance what was used least goes, denials first.  What is still needed is asked about
        again.
        """
        answers = self._held.get(judged)
        if answers is None:
            return Room(is_there=True)
        if allowed:
            full = len(answers.by_key) >= budgets.verdicts
            victim = answers.first() if full else None
        else:
            full = answers.is_full(budgets)
            victim = answers.order.idle(answers.denying) if full else None
        if victim is not None:
            answers.drop(victim)
        return Room(not full or victim is not None, victim)

    def crowded(self, budgets: Budgets) -> dict[Judged, bool]:
        """Return who is near a budget; with True, near that for all verdicts."""
        near = Budgets(*(int(count * _NEAR) for count in budgets))
        return {
            judged: len(answers.by_key) >= near.verdicts
            for judged, answers in self._held.items()
            if answers.is_full(near)
        }

    def used(self, judged: Judged, counts: Mapping[FlowKey, int], *, of_all: bool) -> None:
        """Take the packets that the flows of the verdicts have counted; of denials, or of all."""
        answers = self._held.get(judged)
        if answers is not None:
            allowing = answers.by_key.keys() - answers.denying.keys() if of_all else ()
            answers.order.look(answers.denying, allowing, counts)

    def unobserved(self, judged: Judged) -> None:
        """Forget what is known of the use of verdicts."""
        answers = self._held.get(judged)
        if answers is not None:
            answers.order.forget()

    def of(self, key: int) -> Iterator[Remembered]:
        """Yield the verdicts on one port, in both directions."""
        for direction in Direction:
            answers = self._held.get((key, direction))
            if answers is not None:
                yield from answers.by_key.values()

    def denials(self, judged: Judged) -> int:
        """Count the denials in force."""
        answers = self._held.get(judged)
        return 0 if answers is None else len(answers.denying)

    def counts(self, key: int) -> tuple[int, int]:
        """Count what allows and what denies at a port, in both directions."""
        found = [self._held[key, way] for way in Direction if (key, way) in self._held]
        denials = sum(len(answers.denying) for answers in found)
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
        checked: dict[tuple[Judged, Family], RuleBook | None] = {}
        asked: dict[tuple[int, int], Holds] = {}
        for judged, answers in list(self._held.items()):
            for family in answers.families():
                rules, old = book(*judged, family), self._checked.get((judged, family))
                checked[judged, family] = rules
                if rules is None or old is not rules:
                    pair = id(old), id(rules)
                    asked[pair] = asked.get(pair) or holds_since(old, rules)
                    gone += _dropped(answers, family, asked[pair])
            if not answers.by_key:
                del self._held[judged]
        # A book seen earlier than in this round says nothing of verdicts given since.
        self._checked = checked
        return gone


def _dropped(answers: _Answers, family: Family, holds: Holds) -> list[FlowKey]:
    wrong = [
        key
        for key, entry in answers.by_key.items()
        if entry.verdict.region.family is family and not holds(entry.verdict)
    ]
    for key in wrong:
        answers.drop(key)
    return wrong
