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
_COLUMNS = ("all created and bound, s", "all active, s")
_NOTE = (
    f"{_AT_ONCE} clients at once, two API workers; each port is plugged in as soon as it is bound,"
    " by a process of its own, as Nova would. From the first call on. All in the default group."
)


def crowd(rounds: int) -> Table:
    """Let many machines start at once."""
    bound, active = [], []
    with Cloud(workers=2, threads=10) as cloud:
        for number in range(rounds):
            network = cloud.api.create_network(name="crowd")
            cloud.api.create_subnet(network_id=network.id, ip_version=4, cidr=f"10.{number}.0.0/16")
            start = time.monotonic()
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                ports = list(pool.map(_Start(cloud, network), range(_PORTS)))
            bound.append(max(at for _, at in ports) - start)
            wait_until(lambda: not _down(cloud, network), 120, "all ports")  # noqa: B023
            active.append(time.monotonic() - start)
            for name, _ in ports:
                cloud.hypervisor.vsctl("del-port", name[:14])
                cloud.api.delete_port(name)
    row = Row(f"{_PORTS} ports", (Figure.of(bound), Figure.of(active)))
    return Table("neutron-ports", f"{_PORTS} ports at once", _COLUMNS, (row,), (_NOTE,))


class _Start:
    """What a compute host does for one machine."""

    def __init__(self, cloud: Cloud, network: Any) -> None:
        self._cloud = cloud
        self._network = network
        self._apis = [connect(worker) for worker in cloud.neutron.workers]

    def __call__(self, number: int) -> tuple[str, float]:
        port = self._apis[number % len(self._apis)].create_port(
            network_id=self._network.id, binding_host_id=HOST, device_owner="compute:nova"
        )
        at = time.monotonic()
        plug_internal(self._cloud.hypervisor, port.id)
        return port.id, at


def _down(cloud: Cloud, network: Any) -> list[Any]:
    return [port for port in cloud.api.ports(network_id=network.id) if port.status != "ACTIVE"]
