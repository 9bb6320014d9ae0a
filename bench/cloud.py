"""A cloud of the lab that Damselfly guards: Neutron with our driver, one host with our agent.

What asks questions about such a cloud (tests, the demonstration, the benches) starts here.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from damselfly.cli.waiting import wait_for_agents
from damselfly.errors import Conflict
from damselfly.northbound.keys import INDEX_PREFIXES, POLICY_PREFIXES, TOPOLOGY_PREFIXES
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Store
from lab import sandbox
from lab.daemon import Daemon, wait_until
from lab.etcd import Cluster
from lab.hypervisor import Hypervisor
from lab.neutron.nova import Nova, connect
from lab.neutron.server import Neutron
from lab.neutron.settings import Sections

HOST = "compute1"
DRIVER = "damselfly"
SECTION = "ml2_damselfly"
PATIENCE = 60.0
"""Seconds after which what was asked for is given up."""
_numbers = itertools.count(1)


class Cloud:
    """Neutron, a store, a hypervisor and its agent; a context manager."""

    def __init__(
        self,
        told: Sections | None = None,
        *,
        drivers: Sequence[str] = (DRIVER,),
        workers: int = 1,
        threads: int = 4,
        etcd: bool = False,
    ) -> None:
        """Describe the cloud; ``told`` are more settings of Neutron, by section.

        The store is a file in :attr:`directory`, or an etcd of one server.
        """
        self.directory = sandbox.STATE / f"store{next(_numbers)}"
        self._etcd = Cluster(self.directory) if etcd else None
        self.url = self._etcd.url if self._etcd else f"sqlite:///{self.directory}/policy.db"
        driver = {SECTION: {"connection": self.url, **(told or {}).get(SECTION, {})}}
        told = {**(told or {}), **driver}
        self._has_driver = DRIVER in drivers
        self.neutron = Neutron(drivers, told, workers=workers, threads=threads)
        self._close = ExitStack()
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        """Start everything."""
        with ExitStack() as undo:
            self.directory.mkdir()
            if self._etcd is not None:
                undo.enter_context(self._etcd)
            undo.callback(self._loop.close)
            self.hypervisor = undo.enter_context(Hypervisor())
            self.agent = self._agent()
            undo.callback(self.agent.stop)
            self.agent.start()
            undo.enter_context(self.neutron)
            self.api = connect(self.neutron.workers[0])
            self.nova = Nova(self.api, HOST, self.hypervisor)
            if self._has_driver:
                self.until_listed()
            self._close = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self._close.close()

    def _agent(self) -> Daemon:
        program = str(Path(sys.executable).with_name("damselfly"))
        where = ["--store", self.url, "--ovsdb", self.hypervisor.ovsdb, "--host", HOST]
        return Daemon([program, "agent", *where], self.hypervisor.rundir / "agent.log")

    def until_listed(self) -> None:
        """Wait until Neutron lists the host's agent."""
        wait_until(self._is_listed, PATIENCE, "the agent in Neutron's list")

    def _is_listed(self) -> bool:
        return any(agent.host == HOST and agent.is_alive for agent in self.api.agents())

    def status(self, port_id: str) -> str:
        """Return what Neutron says of a port."""
        return str(self.api.get_port(port_id).status)

    def until_status(self, port_id: str, wanted: str) -> None:
        """Wait until Neutron says so of a port."""
        wait_until(lambda: self.status(port_id) == wanted, PATIENCE, f"{port_id} {wanted}")

    def enforced(self) -> None:
        """Wait until the agent has enforced whatever the store holds now."""
        self._loop.run(_enforced(self.url))

    def empty(self) -> None:
        """Take the whole policy out of the store, behind everybody's back."""
        self._loop.run(_empty(self.url))

    def stored(self, *prefixes: str) -> dict[str, bytes]:
        """Return what the store holds under the prefixes."""
        return self._loop.run(_stored(self.url, prefixes))


def plug_internal(hypervisor: Hypervisor, port_id: str) -> None:
    """Plug in a port that is an interface of the host, for when nothing is to be sent."""
    name = port_id[:14]
    hypervisor.vsctl(
        *("add-port", hypervisor.bridge, name, "--", "set", "Interface", name),
        *("type=internal", f"external_ids:iface-id={port_id}"),
    )


async def _enforced(url: str) -> None:
    store = open_store(url, create=False)
    try:
        await wait_for_agents(store, await _fence(store), PATIENCE)
    finally:
        await store.close()


async def _fence(store: Store) -> int:
    """Write a key of the policy as it is; an agent that has that revision has all before it."""
    while True:
        contents = await store.read(POLICY_PREFIXES)
        key, value = next(iter(contents.objects.items()))
        try:
            return await store.commit([Change(key, value)], {key: value})
        except Conflict:
            continue


async def _empty(url: str) -> None:
    store = open_store(url, create=False)
    try:
        contents = await store.read((*POLICY_PREFIXES, *INDEX_PREFIXES, *TOPOLOGY_PREFIXES))
        await store.commit([Change(key, None) for key in contents.objects])
    finally:
        await store.close()


async def _stored(url: str, prefixes: tuple[str, ...]) -> dict[str, bytes]:
    store = open_store(url, create=False)
    try:
        return dict((await store.read(prefixes)).objects)
    finally:
        await store.close()
