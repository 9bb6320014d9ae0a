"""Many ports at once: created, bound, plugged in, and active."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.cloud import HOST, Cloud, plug_internal
from bench.report import Figure, Row, Table
from lab.daemon import wait_until
from lab.neutron.nova import connect

_PORTS = 200
_AT_ONCE = 20
_PAUSE = 0.2
"""Seconds between two looks at all ports, which cost Neutron something too."""
_PATIENCE = 300.0
_COLUMNS = ("all created and bound, s", "all active, s")
_NOTE = (
    f"{_AT_ONCE} clients at once, two API workers; each port is plugged in as soon as it is bound,"
    " by a process of its own, as Nova would. From the first call on. All in the default group."
)


def crowd(rounds: int) -> Table:
    """Let many machines start at once."""
    bound, active = [], []
    with Cloud(workers=2, threads=10) as cloud, ThreadPoolExecutor(_AT_ONCE) as pool:
        for number in range(rounds):
            network = cloud.api.create_network(name="crowd")
            cidr = f"10.{number}.0.0/16"
            cloud.api.create_subnet(network_id=network.id, ip_version=4, cidr=cidr)
            work = _Start(cloud, network)
            start = time.monotonic()
            ports = list(pool.map(work, range(_PORTS)))
            bound.append(max(at for _, at in ports) - start)
            _until_active(cloud, network)
            active.append(time.monotonic() - start)
            if number < rounds - 1:
                list(pool.map(work.undo, [name for name, _ in ports]))
    row = Row(f"{_PORTS} ports", (Figure.of(bound), Figure.of(active)))
    return Table("neutron-ports", f"{_PORTS} ports at once", _COLUMNS, (row,), (_NOTE,))


class _Start:
    """What a compute host does for one machine."""

    def __init__(self, cloud: Cloud, network: Any) -> None:
        self._cloud = cloud
        self._network = network
        self._apis = [connect(worker) for worker in cloud.neutron.workers]
        for api in self._apis:  # Neutron's access rules start up badly when asked twice at once.
            api.delete_port(api.create_port(network_id=network.id, binding_host_id=HOST))

    def __call__(self, number: int) -> tuple[str, float]:
        port = self._apis[number % len(self._apis)].create_port(
            network_id=self._network.id, binding_host_id=HOST, device_owner="compute:nova"
        )
        at = time.monotonic()
        plug_internal(self._cloud.hypervisor, port.id)
        return port.id, at

    def undo(self, port_id: str) -> None:
        """Unplug and delete a port."""
        self._cloud.hypervisor.vsctl("del-port", port_id[:14])
        self._cloud.api.delete_port(port_id)


def _until_active(cloud: Cloud, network: Any) -> None:
    """Wait until no port is down; all are asked for in one call."""

    def active() -> bool:
        time.sleep(_PAUSE)
        return not any(True for _ in cloud.api.ports(network_id=network.id, status="DOWN"))

    wait_until(active, _PATIENCE, "all ports")
