"""Follow what the agents say, for as long as this process is on duty."""

from __future__ import annotations

import time
from collections.abc import Callable

from damselfly.neutron.keeping import StoreClient
from damselfly.northbound import keys

from . import ports
from .agents import Agents
from .standing import PREFIXES, Standing

_PAUSE = 0.25
"""Seconds between two looks at ports that are plugged in but not yet bound."""
_ALL = 60.0
"""Seconds between two looks at all ports, which find what was missed."""


def watch(store: StoreClient, agents: Agents, on_duty: Callable[[], bool]) -> None:
    """Tell Neutron what the agents say, until another process is on duty.

    Raises StoreError, also where the store's log was trimmed: begin again.
    """
    contents = store.read([keys.STATUS_PREFIX])
    standing = Standing(contents)
    agents.found(standing.hosts.values())
    again = ports.tell(standing, set(standing.ports()))
    looked_at = time.monotonic()
    for commit in store.watch(contents.revision, PREFIXES, _PAUSE):
        if not on_duty():
            return
        if commit is not None:
            hosts, due = standing.take(commit.revision, commit.changes)
            for host in hosts:
                agents.take(host, standing.hosts.get(host))
            again |= due
        agents.listen()
        if time.monotonic() - looked_at >= _ALL:
            again, looked_at = set(standing.ports()), time.monotonic()
        if again:
            again = ports.tell(standing, again)
