"""What the agent says of itself, put together from what it knows and what the switch counts."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from damselfly import __version__
from damselfly.config import Config
from damselfly.flow.flow import FlowKey
from damselfly.model.direction import Direction
from damselfly.model.group import Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.status import AgentStatus, PortStatus, RuleUse
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.layout import DROP_COOKIE, DROP_COOKIE_MASK, Dropped
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, WHOLE_COOKIE, mark_in
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.switch import FlowStats, MeterStats, Switch

from .feed import Inbox
from .reactive import Fate
from .reconcile import Reconciler
from .verdicts import Budgets

_KINDS = {drop.cookie: drop.name.lower().replace("_", "-") for drop in Dropped}


class Reporter:
    """Makes the agent's status."""

    def __init__(self, config: Config, inbox: Inbox, reconciler: Reconciler) -> None:
        self._config = config
        self._inbox = inbox
        self._reconciler = reconciler
        self._started_at = time.time()
        self._spoof_drops: Mapping[str, int] = {}
        self._metered_drops = 0
        self._uses = RuleUses()
        self._next_look = 0.0

    async def count(self, switch: Switch) -> None:
        """Read the switch's counters; those of verdicts, which may be many, only now and then."""
        self._spoof_drops = spoof_drops(await switch.flows(DROP_COOKIE, DROP_COOKIE_MASK))
        self._metered_drops = metered_drops(await switch.meter_stats())
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
            ports=tuple(sorted(self._ports(bridge), key=lambda port: (port.name, port.port_id))),
            stopped=stopped,
            packets_in=fates.total(),
            duplicates=fates[Fate.DUPLICATE],
            fates={fate.value: fates[fate] for fate in Fate},
            metered_drops=self._metered_drops,
            spoof_drops=self._spoof_drops,
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
                saturated=self._is_saturated(local.key),
            )
        for port_id, reason in self._shut(bridge).items():
            if port_id not in view.local:
                port = view.snapshot.ports.get(port_id)
                name = "" if port is None else port.name
                yield PortStatus(port_id, "closed", name, reason=reason)
        for port in view.snapshot.ports.values():
            if port.host == self._config.host and not self._plugged(port.id):
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
        for name, error in ({} if bridge is None else bridge.errors).items():
            yield f"interface {name}", error


def is_news(told: AgentStatus, status: AgentStatus, heartbeat: float) -> bool:
    """Tell whether a status says more than the last one, or is due as a sign of life.

    A clock that was put back makes it due as well.
    """
    same = replace(told, updated_at=status.updated_at, revision_at=status.revision_at) == status
    return not same or abs(status.updated_at - told.updated_at) >= heartbeat


def spoof_drops(flows: list[FlowStats]) -> dict[str, int]:
    """Count what ingress security dropped, by reason."""
    counted = dict.fromkeys(_KINDS.values(), 0)
    for each in flows:
        kind = _KINDS.get(each.flow.cookie)
        if kind is not None:
            counted[kind] += each.packets
    return counted


def metered_drops(meters: list[MeterStats]) -> int:
    """Count the packets that meters kept from the agent."""
    return sum(each.dropped for each in meters)


class RuleUses:
    """How often each rule admitted: what its verdict flows count, added up.

    A flow takes its counter along when it goes; what was seen of it stays counted.
    """

    def __init__(self) -> None:
        self.by_rule: Mapping[str, RuleUse] = {}
        self.at = 0.0
        self._seen: dict[FlowKey, int] = {}

    def look(self, flows: Iterable[FlowStats], snapshot: Snapshot, now: float) -> None:
        """Take the counters of the flows that allow, as the switch holds them at this time."""
        grown, held = Counter[int](), Counter[int]()
        seen: dict[FlowKey, int] = {}
        for each in flows:
            key, mark = each.flow.key, mark_in(each.flow)
            seen[key] = each.packets
            held[mark] += each.packets
            known = self._seen.get(key, 0)
            # A lower count is another flow with the same match.
            grown[mark] += each.packets - (known if known <= each.packets else 0)
        last = now if self.at else None
        rules = (rule for group in snapshot.groups.values() for rule in group.rules)
        uses = ((rule.id, self._use(rule, grown, held, last)) for rule in rules)
        self.by_rule = {rule_id: use for rule_id, use in uses if use.admitted}
        self._seen, self.at = seen, now

    def _use(
        self, rule: Rule, grown: Mapping[int, int], held: Mapping[int, int], last: float | None
    ) -> RuleUse:
        mark = rule_mark(rule)
        old = self.by_rule.get(rule.id, RuleUse(0, 0))
        more = grown.get(mark, 0)
        return RuleUse(old.admitted + more, held.get(mark, 0), last if more else old.last_at)
