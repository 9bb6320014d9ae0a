"""The verdicts on one port and direction in the order in which they make room."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from damselfly.flow.flow import FlowKey


class Use(NamedTuple):
    """What is known of the use of one verdict."""

    packets: int
    """What its flow had counted at the last look."""
    last: int
    """Number of the last look that found it used, or new."""


class Order:
    """Who goes first, as of the last look at what the flows count.

    Denials before allowances; among either those that were not used for longest, of the others
    those that were used least.  What has come since the last look is not in here.
    """

    def __init__(self) -> None:
        self._idle: deque[FlowKey] = deque()
        self._others: deque[FlowKey] = deque()
        self._known: dict[FlowKey, Use] = {}
        self._look = 0

    def look(
        self, denying: Iterable[FlowKey], allowing: Iterable[FlowKey], counts: Mapping[FlowKey, int]
    ) -> None:
        """Take the packets that the flows have counted; one that is not there has counted none."""
        self._look += 1
        known: dict[FlowKey, Use] = {}
        grown: dict[FlowKey, int] = {}
        denials, allowances = list(denying), list(allowing)
        for key in (*denials, *allowances):
            packets, before = counts.get(key, 0), self._known.get(key)
            # A lower count is another flow with the same match.
            again = before is not None and before.packets <= packets
            grown[key] = packets - before.packets if again and before else packets
            idle = again and not grown[key]
            known[key] = Use(packets, before.last if idle and before else self._look)
        self._known = known

        def rank(key: FlowKey) -> tuple[int, int]:
            return known[key].last, grown[key]

        denials.sort(key=rank)
        allowances.sort(key=rank)
        self._idle = deque(key for key in denials if known[key].last < self._look)
        self._others = deque([*denials[len(self._idle) :], *allowances])

    def forget(self) -> None:
        """Know nothing any more."""
        self._idle.clear()
        self._others.clear()
        self._known.clear()

    def has_idle(self, held: Container[FlowKey]) -> bool:
        """Tell whether a denial is held that was not used between the last two looks."""
        _skip(self._idle, held)
        return bool(self._idle)

    def idle(self, held: Container[FlowKey]) -> FlowKey | None:
        """Take a denial, of those that are still held, that was not used lately."""
        return _first(self._idle, held)

    def first(self, held: Container[FlowKey]) -> FlowKey | None:
        """Take the verdict, of those that are still held, that goes first; None for unknown."""
        return _first(self._idle, held) or _first(self._others, held)


def _skip(keys: deque[FlowKey], held: Container[FlowKey]) -> None:
    while keys and keys[0] not in held:
        keys.popleft()


def _first(keys: deque[FlowKey], held: Container[FlowKey]) -> FlowKey | None:
    _skip(keys, held)
    return keys.popleft() if keys else None
