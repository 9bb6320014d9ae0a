"""The switches behind the agents' reports: those of this machine can be asked themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from difflib import get_close_matches
from pathlib import Path

from damselfly.errors import BadInput, SwitchGone
from damselfly.northbound import keys
from damselfly.northbound.status import AgentStatus, PortStatus, agents
from damselfly.northbound.store import Store
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE, WHOLE_COOKIE
from damselfly.southbound.openflow import connect
from damselfly.southbound.switch import FlowStats, Switch


async def reports(store: Store) -> list[AgentStatus]:
    """Read what the agents say of themselves."""
    return list(agents(await store.read([keys.STATUS_PREFIX])))


def within_reach(found: Iterable[AgentStatus], host: str | None = None) -> list[AgentStatus]:
    """Return the agents whose switch is on this machine; of them that host's, where one is named.

    Raises BadInput for a host without agent, SwitchGone where no switch is within reach.
    """
    listed = list(found)
    names = [agent.host for agent in listed]
    if host is not None and host not in names:
        near = get_close_matches(host, names, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise BadInput(f"no agent of host {host!r} has reported{hint}")
    chosen = [agent for agent in listed if host in (None, agent.host)]
    here = [agent for agent in chosen if Path(agent.management).exists()]
    if not here:
        told = ", ".join(f"{agent.host} ({agent.management})" for agent in chosen)
        raise SwitchGone(
            f"none of the agents' switches is on this machine: {told}"
            if told
            else "no agent has reported to this store"
        )
    return here


def place_of(port_id: str, found: Iterable[AgentStatus]) -> tuple[AgentStatus, PortStatus] | None:
    """Return the agent that has the port, and what it says of it; the latest, if several do."""
    claims = [
        (agent, port)
        for agent in found
        for port in agent.ports
        if port.port_id == port_id and port.state != "down"
    ]
    return max(claims, key=lambda claim: claim[0].updated_at, default=None)


@asynccontextmanager
async def connected(agent: AgentStatus) -> AsyncIterator[Switch]:
    """Talk to an agent's switch beside it.  Raises SwitchGone."""
    switch = await connect(agent.management)
    try:
        yield switch
    finally:
        await switch.close()


async def verdict_flows(switch: Switch, *, allows_only: bool = False) -> list[FlowStats]:
    """Read the verdicts that a switch holds, with their counters."""
    allows = await switch.flows(ALLOW_COOKIE, WHOLE_COOKIE)
    return allows if allows_only else allows + await switch.flows(DENY_COOKIE, WHOLE_COOKIE)
