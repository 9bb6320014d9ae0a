"""The rounds of the patrol: one part of the switch after the other, for ever.

A part is compared with what should have been there when the switch was asked; it answers for that
moment.  What has changed meanwhile in what should be is left alone: a part is mended only by what
was wrong then and is wrong still.
"""

from __future__ import annotations

import logging
from collections import deque

from damselfly.agent.enforcement import OURS
from damselfly.agent.reconcile import Reconciler
from damselfly.config import Config
from damselfly.flow.delta import Delta, difference
from damselfly.pipeline.assemble import meters
from damselfly.pipeline.layout import Table
from damselfly.southbound.switch import EVERYTHING, FlowRefused, Part, Switch

from .drift import Drift
from .parts import VERDICTS, Wanted, parts

_log = logging.getLogger(__name__)
_FASTEST = 0.05
"""Seconds between two parts at least."""


class Patrol:
    """Looks at one switch."""

    def __init__(self, config: Config, reconciler: Reconciler) -> None:
        self.drift = Drift()
        self.looked = 0
        """Parts looked at."""
        self._config = config
        self._reconciler = reconciler
        self._wanted = Wanted(reconciler.enforcement)
        self._ahead: deque[Part] = deque()
        self._elsewhere = 0
        """How many flows the bridge had beyond ours when all of ours were in place."""

    @property
    def pause(self) -> float:
        """Seconds until the next part is due, so that a round takes what it should."""
        ports = len(self._reconciler.enforcement.state.by_key)
        return max(_FASTEST, self._config.verify_interval / (len(Table) + 2 + ports))

    async def count(self, switch: Switch) -> None:
        """Count all flows, and look at once where there are more or fewer than there should be."""
        ours = self._reconciler.enforcement.flow_count
        if not self._reconciler.is_settled:
            return
        if await switch.count_flows() - ours == self._elsewhere:
            return
        differing = [table for table in Table if not await self._counts(switch, table)]
        if differing:
            await self._look(switch, Part(differing[0]) if len(differing) == 1 else EVERYTHING)
        ours = self._reconciler.enforcement.flow_count
        surplus = await switch.count_flows() - ours
        if self._reconciler.is_settled:
            self._elsewhere = surplus

    async def step(self, switch: Switch) -> None:
        """Look at the next part; after the last one begin again."""
        if not self._reconciler.is_settled:
            return
        if not self._ahead:
            await self._look_at_meters(switch)
            if not await self._counts(switch, Table.VERDICTS):
                await self._look(switch, VERDICTS)
            self._ahead.extend(parts(self._reconciler.enforcement.state))
        await self._look(switch, self._ahead.popleft())

    async def _counts(self, switch: Switch, table: int) -> bool:
        """Tell whether a table has as many flows as it should."""
        wanted = self._wanted.count(table)
        return await switch.count_flows(table) == wanted

    async def _look(self, switch: Switch, part: Part) -> None:
        """Compare a part with what it should be, and mend it."""
        state = self._reconciler.enforcement.state
        wanted = self._wanted.flows(part)
        held = {
            each.flow.key: each.flow
            for each in await switch.flows(part=part)
            if each.flow.table in OURS
        }
        self.looked += 1
        wrong = difference(wanted, held.values())
        if not len(wrong):
            return
        # From here to the sending nothing is awaited: what is sent is what should be.
        if not self._reconciler.is_settled or self._reconciler.enforcement.state is not state:
            return
        now = {flow.key: flow for flow in self._wanted.flows(part)}
        still = Delta(
            add=tuple(flow for flow in wrong.add if now.get(flow.key) == flow),
            delete=tuple(key for key in wrong.delete if key not in now),
        )
        if len(still):
            self.drift.flows(still, held)
            await self._mend(switch, still)

    async def _mend(self, switch: Switch, delta: Delta) -> None:
        try:
            await switch.apply(delta)
        except FlowRefused as refused:
            _log.warning("the switch is taken over anew: %s", refused)
            self._reconciler.doubt()

    async def _look_at_meters(self, switch: Switch) -> None:
        """Have the switch taken over anew where a meter of ours is gone or has another rate."""
        state = self._reconciler.enforcement.state
        held = set(await switch.meters())
        wanted = meters(state.view, self._config.rates)
        wrong = [band.id for band in wanted if band not in held]
        if wrong and self._reconciler.is_settled and self._reconciler.enforcement.state is state:
            self.drift.meters(wrong)
            self._reconciler.doubt()
