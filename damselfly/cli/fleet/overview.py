"""A line for each host: whether its agent lives, and how far behind the store it is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from damselfly.cli import output
from damselfly.cli.hosts import reports
from damselfly.cli.settings import Settings
from damselfly.cli.waiting import is_live
from damselfly.errors import Compacted
from damselfly.northbound.status import AgentStatus
from damselfly.northbound.store import Store

_SKEW = 30.0
"""Seconds by which a living agent's last word may seem to be off before its clock is blamed."""


@dataclass(frozen=True, slots=True)
class Host:
    """One host, at a glance."""

    host: str
    state: str
    """live, stopped, SILENT (no agent of that name runs), or starting (it has not reported)."""
    revision: int | None = None
    lag: int | None = None
    """Commits of policy that its switch has not confirmed; None: more than the store remembers."""
    policy_age: float | None = None
    """Seconds since its switch confirmed the revision."""
    heard: float | None = None
    """Seconds since the agent reported, by its clock and ours."""
    active: int = 0
    closed: int = 0
    down: int = 0
    problems: int = 0
    clock_differs: bool = False


async def show_overview(settings: Settings) -> None:
    """Print the line of each host."""
    async with settings.opened() as store:
        hosts = await overview(store)
    if settings.output != "table":
        output.data([asdict(host) for host in hosts], settings.output)
        return
    if not hosts:
        output.say("no agent has ever reported to this store; start one with `damselfly agent`")
        return
    output.table(
        ("host", "state", "revision", "lag", "policy", "heard", "active", "closed", "down",
         "problems", "note"),
        [_row(host) for host in hosts],
    )  # fmt: skip


async def overview(store: Store) -> list[Host]:
    """Return what is known of each host, by name."""
    said = {status.host: status for status in await reports(store)}
    held = await store.holders()
    lags = {at: await _lag(store, at) for at in {one.revision for one in said.values()}}
    now = time.time()
    known = [_host(status, now, held, lags[status.revision]) for status in said.values()]
    starting = [Host(name, "starting") for name in held.keys() - said.keys()]
    return sorted(known + starting, key=lambda host: host.host)


async def _lag(store: Store, revision: int) -> int | None:
    try:
        return await store.behind(revision)
    except Compacted:
        return None


def _host(status: AgentStatus, now: float, held: Mapping[str, bytes], lag: int | None) -> Host:
    states = Counter(port.state for port in status.ports)
    live = is_live(status, now, held)
    heard = now - status.updated_at
    return Host(
        host=status.host,
        state="stopped" if status.stopped else "live" if live else "SILENT",
        revision=status.revision,
        lag=lag,
        policy_age=now - status.revision_at if status.revision_at else None,
        heard=heard,
        active=states["active"],
        closed=states["closed"],
        down=states["down"],
        problems=len(status.problems),
        clock_differs=status.host in held and not status.stopped and abs(heard) > _SKEW,
    )


def _row(host: Host) -> tuple[object, ...]:
    lag = "-" if host.revision is None else "many" if host.lag is None else host.lag
    age, heard = (
        None if seconds is None else output.ago(seconds)
        for seconds in (host.policy_age, host.heard)
    )
    note = "its clock or ours is wrong" if host.clock_differs else ""
    return (
        *(host.host, host.state, host.revision, lag, age, heard),
        *(host.active, host.closed, host.down, host.problems, note),
    )
