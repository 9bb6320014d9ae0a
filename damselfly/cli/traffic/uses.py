"""How often each rule admitted: what agents add up, and what this machine's switches count now."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from damselfly.cli.hosts import connected, reports, verdict_flows
from damselfly.errors import SwitchError
from damselfly.model.group import Rule
from damselfly.northbound.status import AgentStatus, RuleUse
from damselfly.northbound.store import Store
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import mark_in


class Use(NamedTuple):
    """What all hosts together know of one rule."""

    admitted: int
    last_at: float | None


class HostUses(NamedTuple):
    """What one host knows: its agent's sums, and its switch's counts of now where it answers."""

    agent: AgentStatus
    now: Mapping[int, int] | None
    """Packets of the verdict flows in force, by mark."""


async def host_uses(store: Store) -> list[HostUses]:
    """Ask the agents' reports, and those of their switches that are on this machine."""
    return [HostUses(agent, await _counts(agent)) for agent in await reports(store)]


async def _counts(agent: AgentStatus) -> Mapping[int, int] | None:
    counts = Counter[int]()
    try:
        async with connected(agent) as switch:
            for each in await verdict_flows(switch, allows_only=True):
                counts[mark_in(each.flow)] += each.packets
    except SwitchError:
        return None
    return counts


def use_of(rule: Rule, hosts: Iterable[HostUses]) -> Use | None:
    """Add up what the hosts know of a rule; None where there is no host."""
    uses = [_on_host(rule, host) for host in hosts]
    if not uses:
        return None
    times = [use.last_at for use in uses if use.last_at is not None]
    return Use(sum(use.admitted for use in uses), max(times, default=None))


def _on_host(rule: Rule, host: HostUses) -> Use:
    """Add to the agent's sum what its switch has counted since."""
    told = host.agent.rules.get(rule.id, RuleUse(0, 0))
    if host.now is None:
        return Use(told.admitted, told.last_at)
    more = max(0, host.now.get(rule_mark(rule), 0) - told.held)
    return Use(told.admitted + more, time.time() if more and host.agent.rules_at else told.last_at)
