"""The agent: does it live, and what does it say is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.cli import output
from damselfly.cli.waiting import is_live
from damselfly.northbound.status import AgentStatus

from .check import Check, bad, doubtful, good, unknown
from .store import Heard

_AGENT, _ENFORCED, _PORTS, _DRIFT = "agent", "enforced", "ports", "drift"
_DAY = 86_400


def agent_checks(heard: Heard, host: str, now: float) -> Iterator[Check]:
    """Look at what the agent of this host last said."""
    mine = next((one for one in heard.said if one.host == host), None)
    if mine is None or not is_live(mine, now, heard.held):
        yield bad(_AGENT, _absent(mine, host, now), "systemctl start damselfly-agent; see its log")
        yield from unknown((_ENFORCED, _PORTS, _DRIFT), "no agent lives")
        return
    yield good(_AGENT, f"{mine.version}, pid {mine.pid}, heard {output.ago(now - mine.updated_at)}")
    yield _enforced(mine)
    yield _ports(mine)
    yield _drift(mine, now)


def _absent(mine: AgentStatus | None, host: str, now: float) -> str:
    if mine is None:
        return f"no agent of host {host!r} has ever reported to this store"
    word = "stopped" if mine.stopped else "was heard last"
    return f"the agent of {host} {word} {output.ago(now - mine.updated_at)}; its flows stay"


def _enforced(mine: AgentStatus) -> Check:
    if not mine.revision_at:
        return bad(_ENFORCED, "the switch has confirmed nothing yet", "see the agent's log")
    if mine.problems:
        told = "; ".join(f"{key}: {why}" for key, why in sorted(mine.problems.items())[:3])
        return doubtful(_ENFORCED, f"{len(mine.problems)} problems: {told}", "damselfly status")
    return good(_ENFORCED, f"revision {mine.revision}; `damselfly verify` compares flow by flow")


def _ports(mine: AgentStatus) -> Check:
    closed = [f"{port.name or port.port_id}: {port.reason}" for port in mine.ports
              if port.state == "closed"]  # fmt: skip
    active = sum(port.state == "active" for port in mine.ports)
    if closed:
        told = "; ".join(closed[:3])
        advice = "`damselfly status` lists all; nothing passes there until that is mended"
        return doubtful(_PORTS, f"{active} active, {len(closed)} closed: {told}", advice)
    return good(_PORTS, f"{active} active, none closed")


def _drift(mine: AgentStatus, now: float) -> Check:
    count = sum(mine.drift.values())
    if count and now - mine.drift_at < _DAY:
        told = f"{count} changes by others were undone, the last {output.ago(now - mine.drift_at)}"
        latest = f": {mine.drifted[-1]}" if mine.drifted else ""
        return doubtful(_DRIFT, told + latest, "find out who else writes to the bridge")
    return good(_DRIFT, "nobody else has changed a flow within a day")
