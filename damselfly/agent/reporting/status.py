"""What the agent says of itself, put together from what it knows and what the switch counts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace

from damselfly import __version__
from damselfly.agent.feed import Inbox
from damselfly.agent.patrol.drift import Drift, Kind
from damselfly.agent.reactive import Fate
from damselfly.agent.reconcile import Reconciler
from damselfly.agent.verdicts import Budgets
from damselfly.config import Config
from damselfly.model.direction import Direction
from damselfly.northbound.status import AgentStatus, PortStatus
from damselfly.pipeline.layout import DROP_COOKIE, DROP_COOKIE_MASK
from damselfly.pipeline.needs import in_words, named
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, WHOLE_COOKIE
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.switch import Switch

from .counters import ASKED, DROP_KINDS, FRAGMENTS, Grown, RuleUses, metered_drops, spoof_drops


class Reporter:
    """Makes the agent's status."""

    def __init__(self, config: Config, inbox: Inbox, reconciler: Reconciler, drift: Drift) -> None:
        self._config = config
        self._drift = drift
        self._inbox = inbox
        self._reconciler = reconciler
        self._started_at = time.time()
        self._spoof_drops = Grown(DROP_KINDS)
        self._metered_drops = Grown()
        self.page_problem: str | None = None
        """Why the page of figures cannot be shown."""
        self._uses = RuleUses()
        self._next_look = 0.0

    async def count(self, switch: Switch) -> None:
        """Read the switch's counters; those of verdicts, which may be many, only now and then."""
        drops = await switch.flows(DROP_COOKIE, DROP_COOKIE_MASK)
        self._spoof_drops.look(spoof_drops(drops))
        self._metered_drops.look(metered_drops(await switch.meter_stats()))
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + self._config.rule_interval
            flows = await switch.flows(ALLOW_COOKIE, WHOLE_COOKIE)
            self._uses.look(flows, self._reconciler.enforcement.state.view.snapshot, time.time())

    def status(self, *, stopped: bool = False) -> AgentStatus:
        """Return the status as of now; ``stopped`` says that it is the last one."""
        progress = self._reconciler.progress
        fates = self._reconciler.reactive.fates
        bridge = self._inbox.bridge
        return AgentStatus(
            host=self._config.host,
            bridge=self._config.bridge,
            ovsdb=self._config.ovsdb,
            management=self._config.management_socket,
            pid=os.getpid(),
            version=__version__,
            started_at=self._started_at,
            updated_at=time.time(),
            revision=progress.revision,
            revision_at=progress.revision_at,
            datapath_type="" if bridge is None else bridge.datapath_type,
            lacks=named(self._reconciler.enforcement.lacks),
            verdict_mode=self._config.verdicts,
            ports=tuple(sorted(self._ports(bridge), key=lambda port: (port.name, port.port_id))),
            stopped=stopped,
            flow_mods=progress.flow_mods,
            packets_in=fates.total(),
            duplicates=fates[Fate.DUPLICATE],
            fates={fate.value: fates[fate] for fate in Fate},
            metered_drops=self._metered_drops.counts[ASKED],
            fragment_drops=self._metered_drops.counts[FRAGMENTS],
            spoof_drops=dict(self._spoof_drops.counts),
            drift={kind.value: self._drift.counts[kind] for kind in Kind},
            drift_at=self._drift.at,
            drifted=tuple(self._drift.latest),
            rules=self._uses.by_rule,
            rules_at=self._uses.at,
            problems=dict(self._problems(bridge)),
        )

    def _ports(self, bridge: BridgeState | None) -> Iterator[PortStatus]:
        enforcement = self._reconciler.enforcement
        view = enforcement.state.view
        for local in view.local.values():
            allow, deny = enforcement.verdicts.counts(local.key)
            yield PortStatus(
                local.port.id,
                "active",
                local.port.name,
                local.key,
                local.ofport,
                verdicts_allow=allow,
                verdicts_deny=deny,
                stateful=local.stateful,
                saturated=self._is_saturated(local.key),
            )
        for port_id, reason in self._shut(bridge).items():
            if port_id not in view.local:
                port = view.snapshot.ports.get(port_id)
                name = "" if port is None else port.name
                yield PortStatus(port_id, "closed", name, reason=reason)
        here = self._config.host
        for port in view.snapshot.ports.values():
            if port.host == here and not self._plugged(port.id):
                yield PortStatus(port.id, "down", port.name, reason="not plugged in")

    def _is_saturated(self, key: int) -> bool:
        verdicts = self._reconciler.enforcement.verdicts
        budgets = Budgets(self._config.deny_budget, self._config.verdict_budget)
        return any(verdicts.is_full((key, direction), budgets) for direction in Direction)

    def _shut(self, bridge: BridgeState | None) -> dict[str, str]:
        """Return the plugged-in ports that are not enforced, with the reason."""
        if bridge is None:
            return {}
        view = self._reconciler.enforcement.state.view
        unknown = {
            port_id: "the store does not know this port"
            for port_id in bridge.interfaces
            if port_id not in view.snapshot.ports
        }
        twice = {
            port_id: f"several interfaces claim it: {', '.join(names)}"
            for port_id, names in bridge.duplicates.items()
        }
        return {**unknown, **view.closed, **twice}

    def _plugged(self, port_id: str) -> bool:
        bridge = self._inbox.bridge
        return bridge is not None and port_id in {*bridge.interfaces, *bridge.duplicates}

    def _problems(self, bridge: BridgeState | None) -> Iterator[tuple[str, str]]:
        yield from self._inbox.problems.items()
        if self._inbox.store_problem is not None:
            yield "store", self._inbox.store_problem
        if self._reconciler.progress.problem is not None:
            yield "switch", self._reconciler.progress.problem
        if self.page_problem is not None:
            yield "metrics", self.page_problem
        if self._reconciler.enforcement.lacks:
            yield "datapath", f"lacks {in_words(self._reconciler.enforcement.lacks)}"
        yield from self._reconciler.progress.unbounded.items()
        for name, error in ({} if bridge is None else bridge.errors).items():
            yield f"interface {name}", error


def is_news(told: AgentStatus, status: AgentStatus, heartbeat: float) -> bool:
    """Tell whether a status says more than the last one, or is due as a sign of life.

    A clock that was put back makes it due as well.
    """
    same = replace(told, updated_at=status.updated_at, revision_at=status.revision_at) == status
    return not same or abs(status.updated_at - told.updated_at) >= heartbeat
