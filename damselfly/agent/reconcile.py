"""Keeps one switch equal to what it should hold, over one connection.

Between computing a change and writing it nothing is awaited, and what the reactive path writes goes
over the same connection: so a verdict is always given on the state that was written last.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from damselfly.config import Config
from damselfly.errors import SwitchError
from damselfly.flow.delta import Delta
from damselfly.model.network import Attachment
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline.assemble import meters
from damselfly.pipeline.layout import fragment_meter
from damselfly.pipeline.needs import Feature, in_words, lacking
from damselfly.pipeline.view import host_view
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.ovsdb import Ovsdb
from damselfly.southbound.switch import FlowRefused, Switch

from .enforcement import Enforcement
from .feed import Inbox
from .keys import Quarantine, allot, sound
from .reactive import Reactive, Turns
from .reporting.latency import Latencies
from .verdicts import Budgets

_log = logging.getLogger(__name__)
Features = Callable[[], Awaitable[Mapping[str, bool]]]
"""Asks what the datapath can do; called at each connection."""
_Enforced = Callable[[int], Awaitable[None]]


@dataclass(slots=True)
class Progress:
    """How far the enforcement of the policy has come."""

    revision: int = 0
    """Of the store; the last one that the switch confirmed."""
    revision_at: float = 0.0
    flow_mods: int = 0
    """Sent by changes and take-overs; verdicts apart."""
    problem: str | None = None
    unbounded: dict[str, str] = field(default_factory=dict)
    """Of what one port may take another's share, and why: ``fragments``, ``connections``."""


class Reconciler:
    """Carries policy and ports from the inbox to one switch."""

    def __init__(self, config: Config, ovsdb: Ovsdb, inbox: Inbox, features: Features) -> None:
        self._features = features
        self.enforcement = Enforcement()
        self.reactive = Reactive(
            self.enforcement, Budgets(config.deny_budget, config.verdict_budget)
        )
        self.progress = Progress()
        self.latencies = Latencies()
        self._config = config
        self._ovsdb = ovsdb
        self._inbox = inbox
        self._quarantine = Quarantine(config.quarantine)
        self._metered: set[int] = set()
        self._in_doubt = True
        """Whether the switch must be read before the next change."""
        self._settled = False
        self._turns = Turns(lambda _: None, lambda _: None, self.reactive.fates)

    async def serve(self, switch: Switch, enforced: _Enforced) -> None:
        """Take the switch over and keep it right until the connection is lost (SwitchGone).

        ``enforced`` is awaited with each revision that the switch has confirmed.
        """
        answer = self.latencies.decision.timing(partial(self.reactive.answer, switch))
        soon = asyncio.get_running_loop().call_soon
        self._turns = Turns(answer, soon, self.reactive.fates)
        self._turns.hold()
        switch.on_packet_in = self._turns.offer
        switch.on_refused = self._refused
        self._in_doubt = True
        self._settled = False
        await self._look_at_datapath(switch)
        while True:
            snapshot, bridge = self._inbox.snapshot, self._inbox.bridge
            if snapshot is not None and bridge is not None:
                if not bridge.is_secure:
                    await self._secure()
                take_over, self._in_doubt = self._in_doubt, False
                if not await self._reconciled(switch, snapshot, bridge, take_over):
                    self._in_doubt = True
                    continue
                await enforced(snapshot.revision)
            await self._inbox.wait(self._until_release())
            await self._release_keys(switch)

    async def _look_at_datapath(self, switch: Switch) -> None:
        """Find out what the datapath can do: what it lacks keeps the ports closed that need it."""
        metered = {Feature.METERS.value: await switch.meter_limit() > 0}
        self.enforcement.lacks = lacking({**await self._features(), **metered})
        if self.enforcement.lacks:
            _log.error("the datapath lacks %s", in_words(self.enforcement.lacks))

    @property
    def is_settled(self) -> bool:
        """Whether the switch has confirmed all that the enforcement says, verdicts apart."""
        return self._settled and not self._in_doubt

    def doubt(self) -> None:
        """Have the switch read and taken over anew."""
        self._in_doubt = True
        self._inbox.ring()

    async def _secure(self) -> None:
        """Close what the bridge would forward without flows; it forgets its flows at that."""
        _log.warning("the bridge forwarded of its own accord: it gets fail_mode=secure")
        await self._ovsdb.secure()
        self._in_doubt = True

    async def _reconciled(
        self, switch: Switch, snapshot: Snapshot, bridge: BridgeState, take_over: bool
    ) -> bool:
        """Bring the switch up to date; return False where it refused a flow and all is in doubt."""
        self._settled, since = False, self._inbox.rung_at()
        keys = await self._keys(snapshot, bridge)
        plugged = [
            Attachment(port_id, keys[port_id], interface.ofport)
            for port_id, interface in bridge.interfaces.items()
            if port_id in keys
        ]
        await self._set_meters(switch, snapshot, plugged, take_over)
        before = self.enforcement.state.admitting
        delta = await self._delta(switch, snapshot, plugged, take_over)
        self.progress.flow_mods += len(delta)
        try:
            if len(delta):
                await switch.apply(delta)
        except FlowRefused as refused:
            self._close(refused)
            return False
        self._turns.go_on()
        idle = (set(keys.values()) if take_over else before) - self.enforcement.state.admitting
        await self._leave(switch, idle)
        self.progress.revision, self.progress.revision_at = snapshot.revision, time.time()
        self.progress.problem = None
        self._settled = True
        if since is not None:
            self.latencies.enforcement.observe(time.monotonic() - since)
        return True

    async def _delta(
        self, switch: Switch, snapshot: Snapshot, plugged: list[Attachment], take_over: bool
    ) -> Delta:
        if not take_over:
            return self._warm(self.enforcement.advance(snapshot, plugged))
        self._turns.hold()
        actual = [each.flow for each in await switch.flows()]
        return self._warm(self.enforcement.adopt(actual, snapshot, plugged))

    def _warm(self, delta: Delta) -> Delta:
        """Add the verdicts that are given in advance, where that is asked for."""
        if self._config.verdicts != "warm":
            return delta
        ahead = self.enforcement.warm(self._config.warm_budget)
        return Delta((*delta.add, *ahead), delta.delete)

    async def leave_warm(self, switch: Switch) -> None:
        """Give every verdict that allows, before the agent ends."""
        ahead = self.enforcement.warm(self._config.warm_budget)
        if ahead:
            await switch.apply(Delta(add=ahead))

    async def _keys(self, snapshot: Snapshot, bridge: BridgeState) -> dict[str, int]:
        """Return the keys of all plugged-in ports that the store knows, allotting new ones."""
        kept = sound(bridge.keys)
        known = [p for p in bridge.interfaces if p in snapshot.ports or p in snapshot.closed]
        new = allot(kept, known, resting=bridge.keys.values())
        if new:
            await self._ovsdb.write_keys(new)
        keys = {**kept, **new}
        alive = [p for p in keys if p in snapshot.ports or p in snapshot.closed]
        self._quarantine.observe(keys, alive, time.monotonic())
        return keys

    async def _set_meters(
        self, switch: Switch, snapshot: Snapshot, plugged: Iterable[Attachment], take_over: bool
    ) -> None:
        """Set the meters that the coming flows name; a flow with an unknown meter is refused."""
        if take_over:
            present = set(await switch.meters())
        view = host_view(snapshot, plugged, {}, lacks=self.enforcement.lacks)
        bands = list(meters(view, self._config.rates))
        missing = [
            band
            for band in bands
            if (band not in present if take_over else band.id not in self._metered)
        ]
        if missing:
            await switch.set_meters(missing)
        if take_over:
            self._metered = {band.id for band in present}
        self._metered |= {band.id for band in bands}

    async def _leave(self, switch: Switch, idle: set[int]) -> None:
        """Empty the zones of ports that admit nothing any more; delete the meters of gone ones."""
        for key in sorted(idle):
            await switch.flush_zone(key)
        gone = idle - self.enforcement.state.by_key.keys()
        unused = sorted(self._metered & {*gone, *map(fragment_meter, gone)})
        if unused:
            await switch.delete_meters(unused)
            self._metered -= set(unused)

    def _until_release(self) -> float | None:
        at = self._quarantine.next_release
        return None if at is None else max(0.0, at - time.monotonic())

    async def _release_keys(self, switch: Switch) -> None:
        """Give free the keys of ports that are long gone; their zones are emptied once more."""
        released = self._quarantine.released(time.monotonic())
        keys = self._inbox.bridge.keys if self._inbox.bridge is not None else {}
        for port_id in released:
            if port_id in keys:
                await switch.flush_zone(keys[port_id])
        if released:
            await self._ovsdb.write_keys(dict.fromkeys(released))
            self._quarantine.forget(released)

    def _refused(self, error: SwitchError) -> None:
        """Forget a verdict that the switch did not take, so that it is given again."""
        _log.error("%s", error)
        self.progress.problem = str(error)
        for key in error.flows if isinstance(error, FlowRefused) else ():
            self.enforcement.verdicts.forget(key)

    def _close(self, refused: FlowRefused) -> None:
        """Close the ports whose flows the switch refused; raise where no port is to blame."""
        _log.error("%s", refused)
        guilty = self.enforcement.state.owners(set(refused.flows))
        if not guilty:
            raise refused
        for port_id in guilty:
            self.enforcement.refused[port_id] = str(refused)
