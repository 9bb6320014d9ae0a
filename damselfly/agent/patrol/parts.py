"""The parts in which the switch is looked at, and what it should hold in each.

Every table is a part, but VERDICTS, which may hold tens of thousands of flows: its parts are the
verdicts on one port, and the flows that ask.  A flow of somebody else's in VERDICTS may lie in none
of its parts; it makes the table's number of flows differ, which is looked at as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.agent.enforcement import Enforcement, State
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Table
from damselfly.southbound.switch import EVERYTHING, Part

VERDICTS = Part(Table.VERDICTS)
_ASKING = tuple(Part(Table.VERDICTS, match(**{fields.ASKED: asked})) for asked in (0, 1))


def parts(state: State) -> Iterator[Part]:
    """Yield every part, the verdicts on one port after those on another."""
    for table in Table:
        if table is not Table.VERDICTS:
            yield Part(table)
    yield from _ASKING
    for key in sorted(state.by_key):
        yield Part(Table.VERDICTS, match(**{fields.JUDGED: key}))


class Wanted:
    """What the switch should hold, by parts."""

    def __init__(self, enforcement: Enforcement) -> None:
        self._enforcement = enforcement
        self._state: State | None = None
        self._by_table: dict[int, list[Flow]] = {}

    def flows(self, part: Part) -> list[Flow]:
        """Return the flows of a part, as of now."""
        if part == EVERYTHING:
            return self._enforcement.flows
        found = [flow for flow in self._fixed(part.table) if part.within.covers(flow.match)]
        if part.table == Table.VERDICTS:
            judged = part.within.term(fields.JUDGED)
            verdicts = self._enforcement.verdicts
            if judged is not None:
                found += [entry.flow for entry in verdicts.of(judged.value)]
            elif part == VERDICTS:
                found += [entry.flow for entry in verdicts]
        return found

    def count(self, table: int) -> int:
        """Count the flows of a table."""
        verdicts = len(self._enforcement.verdicts) if table == Table.VERDICTS else 0
        return len(self._fixed(table)) + verdicts

    def _fixed(self, table: int | None) -> list[Flow]:
        """Return the flows of a table that only policy and ports determine."""
        state = self._enforcement.state
        if state is not self._state:
            self._state, self._by_table = state, {}
            for flows in state.flows.values():
                for flow in flows:
                    self._by_table.setdefault(flow.table, []).append(flow)
        return [] if table is None else self._by_table.get(table, [])
