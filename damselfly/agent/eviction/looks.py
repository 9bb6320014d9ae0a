"""Looks at what the flows of crowded ports count: seldom, and one port and direction at a time."""

from __future__ import annotations

import math
import time

from damselfly.agent.verdicts import Budgets, Judged, Verdicts
from damselfly.flow.match import match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.verdicts import DENY_COOKIE, WHOLE_COOKIE
from damselfly.southbound.switch import Part, Switch

PAUSE = 10.0


class Looks:
    """Learns the use of the verdicts that are near a budget."""

    def __init__(self, verdicts: Verdicts, budgets: Budgets, pause: float = PAUSE) -> None:
        """``pause``: seconds between two looks at the same flows."""
        self._verdicts = verdicts
        self._budgets = budgets
        self._pause = pause
        self._looked: dict[Judged, float] = {}

    async def look(self, switch: Switch) -> None:
        """Look at what is due first, if anything is."""
        crowded, now = self._verdicts.crowded(self._budgets), time.monotonic()
        for calm in self._looked.keys() - crowded.keys():
            self._verdicts.unobserved(calm)
            del self._looked[calm]
        due = min(crowded, key=lambda judged: self._looked.get(judged, -math.inf), default=None)
        if due is None or now - self._looked.get(due, -math.inf) < self._pause:
            return
        self._looked[due] = now
        cookie = (0, 0) if crowded[due] else (DENY_COOKIE, WHOLE_COOKIE)
        flows = await switch.flows(*cookie, _part(due))
        counts = {each.flow.key: each.packets for each in flows}
        self._verdicts.used(due, counts, of_all=crowded[due])


def _part(judged: Judged) -> Part:
    key, direction = judged
    within = match(**{fields.JUDGED: key, fields.DIRECTION: direction.code})
    return Part(Table.VERDICTS, within)
