"""A cloud of the lab that Damselfly guards: Neutron with our driver, one host with our agent.

What asks questions about such a cloud (tests, the demonstration, the benches) starts here.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from damselfly.cli.waiting import wait_for_agents
from damselfly.errors import Conflict
from damselfly.northbound.keys import POLICY_PREFIXES
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Store
from lab import sandbox
from lab.daemon import Daemon, wait_until
from lab.hypervisor import Hypervisor
from lab.neutron.nova import Nova, connect
from lab.neutron.server import Neutron
from lab.vm import VM

HOST = "compute1"
PATIENCE = 30.0
"""Seconds after which what was asked for is given up."""


class Cloud:
    """Neutron, a store, a hypervisor and its agent; a context manager."""

    def __init__(self, *, workers: int = 1, threads: int = 4, **settings: object) -> None:
        """Describe the cloud; ``settings`` are options of ``[ml2_damselfly]``."""
        self.directory = sandbox.STATE / "store"
        self.url = f"sqlite:///{self.directory}/policy.db"
        told = {"ml2_damselfly": {"connection": self.url, **settings}}
        self.neutron = Neutron(["damselfly"], told, workers=workers, threads=threads)
        self.vms: dict[str, VM] = {}
        self._close = ExitStack()
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        """Start everything."""
        with ExitStack() as undo:
            self.directory.mkdir()
            undo.callback(self._loop.close)
            self.hypervisor = undo.enter_context(Hypervisor())
            self.agent = self._agent()
            undo.callback(self.agent.stop)
            self.agent.start(lambda: Path(self.directory, "policy.db").exists())
            undo.enter_context(self.neutron)
            self.api = connect(self.neutron.workers[0])
            self.nova = Nova(self.api, HOST, self.hypervisor)
            self._close = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self._close.close()

    def _agent(self) -> Daemon:
        program = str(Path(sys.executable).with_name("damselfly"))
        where = ["--store", self.url, "--ovsdb", self.hypervisor.ovsdb, "--host", HOST]
        return Daemon([program, "agent", *where], self.hypervisor.rundir / "agent.log")

    def boot(self, name: str, network: Any, **settings: Any) -> VM:
        """Create a port, make a VM with it, and wait until Neutron says that it is active."""
        port = self.api.create_port(network_id=network.id, name=name, **settings)
        self.vms[name] = vm = self.nova.boot(port.id, name)
        self.until_status(port.id, "ACTIVE")
        return vm

    def status(self, port_id: str) -> str:
        """Return what Neutron says of a port."""
        return str(self.api.get_port(port_id).status)

    def until_status(self, port_id: str, wanted: str) -> None:
        """Wait until Neutron says so of a port."""
        wait_until(lambda: self.status(port_id) == wanted, PATIENCE, f"{port_id} {wanted}")

    def delete(self, *vms: VM) -> None:
        """Delete VMs and their ports."""
        for vm in vms:
            del self.vms[vm.name]
            vm.delete()
            self.api.delete_port(vm.port_id)

    def enforced(self) -> None:
        """Wait until the agent has enforced whatever the store holds now."""
        self._loop.run(_enforced(self.url))

    def stored(self, *prefixes: str) -> dict[str, bytes]:
        """Return what the store holds under the prefixes."""
        return self._loop.run(_stored(self.url, prefixes))


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


async def _stored(url: str, prefixes: tuple[str, ...]) -> dict[str, bytes]:
    store = open_store(url, create=False)
    try:
        return dict((await store.read(prefixes)).objects)
    finally:
        await store.close()
