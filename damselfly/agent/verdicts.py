"""The verdicts in force: the agent's mirror of the VERDICTS table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from damselfly.flow.flow import Flow, FlowKey
from damselfly.model.address import Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.policy.region import Verdict
from damselfly.policy.rulebook import RuleBook

Judged = tuple[int, Direction]
"""A port's key, and the direction of the rules that were asked."""
Book = Callable[[int, Direction, Family], RuleBook | None]
"""Finds the rules of a port by key; None where the port is not enforced."""


class Budgets(NamedTuple):
    """How much is remembered, per port and direction."""

    denials: int = 1024
    verdicts: int = 4096
    """Denials and allowances together."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A verdict and the flow that carries it."""

    verdict: Verdict
    per_packet: bool
    flow: Flow


def remembered(judged: Judged, verdict: Verdict, *, per_packet: bool) -> Remembered:
    """Return a verdict with its flow."""
    mark = 0 if verdict.rule is None else rule_mark(verdict.rule)
    carried = VerdictFlow(*judged, per_packet, verdict.region, mark)
    return Remembered(verdict, per_packet, carried.flow())


def in_advance(judged: Judged, verdict: Verdict) -> Iterator[Remembered]:
    """Yield a verdict for connections and, where it admits ICMP, for untracked messages too."""
    yield remembered(judged, verdict, per_packet=False)
    if verdict.region.protocol is None or verdict.region.protocol in ICMP_PROTOCOLS:
        yield remembered(judged, verdict, per_packet=True)


@dataclass(slots=True)
class _Answers:
    """The verdicts on one port and direction."""

    by_key: dict[FlowKey, Remembered] = field(default_factory=dict)
    denials: int = 0

    def add(self, entry: Remembered) -> bool:
        before = len(self.by_key)
        self.by_key.setdefault(entry.flow.key, entry)
        if len(self.by_key) == before:
            return False
        self.denials += not entry.verdict.allowed
        return True

    def drop(self, key: FlowKey) -> None:
        entry = self.by_key.pop(key, None)
        if entry is not None:
            self.denials -= not entry.verdict.allowed


class Verdicts:
    """All verdicts in force, by what was judged."""

    def __init__(self) -> None:
        self._held: dict[Judged, _Answers] = {}
        self._checked: dict[tuple[Judged, Family], RuleBook] = {}

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
        """Tell whether no further denial may be remembered."""
        answers = self._held.get(judged)
        return answers is not None and (
            answers.denials >= budgets.denials or len(answers.by_key) >= budgets.verdicts
        )

    def make_room(self, judged: Judged, budgets: Budgets) -> FlowKey | None:
        """Forget one verdict where there are as many as may be; return its flow's key.

        The oldest denial goes first, then the oldest allowance: what is still needed is asked
        about again.
        """
        answers = self._held.get(judged)
        if answers is None or len(answers.by_key) < budgets.verdicts:
            return None
        denying = (key for key, entry in answers.by_key.items() if not entry.verdict.allowed)
        victim = next(denying if answers.denials else iter(answers.by_key))
        answers.drop(victim)
        return victim

    def of(self, key: int) -> Iterator[Remembered]:
        """Yield the verdicts on one port, in both directions."""
        for direction in Direction:
            answers = self._held.get((key, direction))
            if answers is not None:
                yield from answers.by_key.values()

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
            for family in {entry.verdict.region.family for entry in answers.by_key.values()}:
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
