"""An agent on a hypervisor of the lab, told its policy through its store.

Run as a program (``python -m bench.agent JSON``) this is the agent itself, with the settings of
``damselfly.config.Config`` as JSON; the CPU time of that process is then the agent's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from damselfly.agent.wiring import run
from damselfly.config import Config
from damselfly.model.group import SecurityGroup
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.opening import open_store
from damselfly.northbound.status import AgentStatus, decode_status
from damselfly.northbound.store import Change, Store
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE
from lab.command import CommandFailed
from lab.daemon import Daemon
from lab.hypervisor import Hypervisor

HOST = "bench"
_STATUS = keys.agent_status(HOST)
PATIENCE = 30.0
"""Seconds after which an agent that has not enforced a revision is given up."""
_ENDLESS = 1_000_000
UNMETERED = dict.fromkeys(
    ("packet_rate", "packet_burst", "deny_budget", "verdict_budget"), _ENDLESS
)
"""Settings under which nothing but the agent's own speed bounds it."""


class Agent:
    """A running agent and the store that it follows; a context manager."""

    def __init__(self, hypervisor: Hypervisor, **settings: float | str) -> None:
        """Describe the agent; entering it starts it.  ``settings`` as in ``Config``."""
        self.hypervisor = hypervisor
        self.url = f"sqlite:///{hypervisor.rundir}/policy.db"
        told = {"store": self.url, "ovsdb": hypervisor.ovsdb, "host": HOST, "bridge": "br-int"}
        command = [sys.executable, "-m", "bench.agent", json.dumps(told | settings)]
        self.process = Daemon(command, hypervisor.rundir / "agent.log")
        self._loop = asyncio.Runner()
        self._store: Store

    def __enter__(self) -> Self:
        """Start the agent."""
        self._store = self._loop.run(_opened(self.url))
        self.process.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the agent."""
        self.process.stop()
        self._loop.run(self._store.close())
        self._loop.close()

    def write(self, things: Iterable[Stored]) -> int:
        """Write objects, the rules of groups among them, in one transaction."""
        return self.commit([change for thing in things for change in _changes(thing)])

    def commit(self, changes: list[Change]) -> int:
        """Commit changes; return the revision."""
        return self._loop.run(self._store.commit(changes))

    def enforced(self, revision: int) -> AgentStatus:
        """Wait until the agent has enforced a revision; return what it said then."""
        try:
            return self._loop.run(self._enforced(revision))
        except TimeoutError as error:
            tail = self.process.tail()
            raise CommandFailed(f"revision {revision} is not enforced: {tail}") from error

    async def _enforced(self, revision: int) -> AgentStatus:
        async with asyncio.timeout(PATIENCE):
            since = (await self._store.read([_STATUS])).revision
            status = await self._status()
            if status is not None and status.revision >= revision:
                return status
            async for commit in self._store.watch(since, [_STATUS]):
                for change in commit.changes:
                    status = decode_status(_STATUS, change.value or b"{}")
                    if status.revision >= revision:
                        return status
        raise CommandFailed("the store's watch has ended")

    def status(self) -> AgentStatus | None:
        """Return what the agent last said of itself."""
        return self._loop.run(self._status())

    async def _status(self) -> AgentStatus | None:
        found = (await self._store.read([_STATUS])).objects.get(_STATUS)
        return None if found is None else decode_status(_STATUS, found)

    def cpu(self) -> float:
        """Return the CPU time that the agent has used so far, in seconds (proc(5), schedstat)."""
        threads = Path("/proc", str(self.process.pid), "task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def verdicts(self, key: int | None = None) -> int:
        """Count the verdicts on the switch, of all ports or of the one with that key."""
        flows = self.hypervisor.ofctl("dump-flows", "table=110").splitlines()
        cookies = [f"cookie={cookie:#x}," for cookie in (ALLOW_COOKIE, DENY_COOKIE)]
        given = [flow for flow in flows if any(cookie in flow for cookie in cookies)]
        return len([flow for flow in given if key is None or f",reg0={key:#x}," in flow])


def _changes(thing: Stored) -> Iterator[Change]:
    yield write(thing)
    yield from written_together(thing)
    if isinstance(thing, SecurityGroup):
        yield from map(write, thing.rules)


async def _opened(url: str) -> Store:
    return open_store(url)


def main() -> None:
    """Be the agent."""
    logging.basicConfig(level=logging.WARNING)
    settings = json.loads(sys.argv[1])
    with suppress(KeyboardInterrupt):
        asyncio.run(run(Config(**settings)))


if __name__ == "__main__":
    main()
