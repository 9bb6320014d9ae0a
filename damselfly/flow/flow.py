"""Flows: one line of a flow table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .action import Action
from .match import Match


class FlowKey(NamedTuple):
    """What makes a flow the same flow to the switch."""

    table: int
    priority: int
    match: Match


@dataclass(frozen=True, slots=True)
class Flow:
    """Packets of ``table`` that match, and that no flow of higher priority matches, get actions."""

    table: int
    priority: int
    match: Match
    actions: tuple[Action, ...] = ()
    cookie: int = 0

    @property
    def key(self) -> FlowKey:
        """Identify the flow among all flows of the switch."""
        return FlowKey(self.table, self.priority, self.match)


@dataclass(frozen=True, slots=True)
class MeterBand:
    """A meter that lets so many packets a second pass, after a burst."""

    id: int
    rate: int
    """Packets per second."""
    burst: int
    """Packets."""
