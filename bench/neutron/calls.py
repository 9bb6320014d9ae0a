"""A call of Neutron's API: how long until it is answered, and until the switch enforces it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.cloud import Cloud, plug_internal
from bench.report import Figure, Row, Table, percentile
from lab.neutron.nova import connect
from lab.neutron.server import Neutron

from .watching import Watcher

_WORKERS, _THREADS = 2, 10
_AT_ONCE = 20
_CALLS = 60
"""Calls of each kind in each round, one by one; as many times twenty at once make a round too."""
_PORTS = 20
_COLUMNS = ("one by one p50, ms", "p99, ms", f"{_AT_ONCE} at once p50, ms", "p99, ms")
_NOTE = (
    f"A rule is created in a group that {_PORTS} ports of the host wear. {_WORKERS} API workers and"
    " MariaDB on the machine that all else runs on, clients included. Enforced: from before the"
    " call until the switch has confirmed the rule by barrier. Neutron alone: the same server with"
    " the logger driver in our place."
)


def calls(rounds: int) -> Table:
    """Create rules, and measure when the call is answered and when it is enforced."""
    alone = _alone(rounds)
    answered, enforced = _guarded(rounds)
    rows = (
        _row("answered, Neutron alone", alone),
        _row("answered, with Damselfly", answered),
        _row("enforced", enforced),
    )
    return Table("neutron-calls", "A rule, from the API call on", _COLUMNS, rows, (_NOTE,))


Delays = dict[int, list[float]]
"""Milliseconds, by how many calls are made at once."""


def _alone(rounds: int) -> Delays:
    delays: Delays = {}
    with Neutron(["logger"], {}, workers=_WORKERS, threads=_THREADS) as neutron:
        group = connect(neutron.workers[0]).create_security_group(name="measured")
        for at_once, call in _schedule(neutron, group, rounds):
            delays.setdefault(at_once, []).append(call.seconds * 1e3)
    return delays


def _guarded(rounds: int) -> tuple[Delays, Delays]:
    answered: Delays = {}
    enforced: Delays = {}
    with Cloud(workers=_WORKERS, threads=_THREADS) as cloud, _watched(cloud) as watcher:
        group = cloud.api.create_security_group(name="measured")
        _people(cloud, group)
        made = list(_schedule(cloud.neutron, group, rounds))
        cloud.enforced()
        for at_once, call in made:
            answered.setdefault(at_once, []).append(call.seconds * 1e3)
            waited = watcher.enforced_at(call.rule_id) - call.began
            enforced.setdefault(at_once, []).append(waited * 1e3)
    return answered, enforced


class _Call:
    """One rule made through the API."""

    def __init__(self, api: Any, group: Any, port: int) -> None:
        settings = {"direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
        self.began = time.time()
        rule = api.create_security_group_rule(
            security_group_id=group.id, port_range_min=port, port_range_max=port, **settings
        )
        self.seconds = time.time() - self.began
        self.rule_id = str(rule.id)


def _schedule(neutron: Neutron, group: Any, rounds: int) -> Iterator[tuple[int, _Call]]:
    ports = iter(range(1, 65536))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        clients = _Clients(neutron)
        list(pool.map(lambda _: clients.mine(), range(_AT_ONCE)))
        for _ in range(rounds):
            for _ in range(_CALLS):
                yield 1, _Call(clients.mine(), group, next(ports))
            wave = [next(ports) for _ in range(_CALLS * 2)]
            for call in pool.map(lambda port: _Call(clients.mine(), group, port), wave):
                yield _AT_ONCE, call


class _Clients:
    """A client for each thread, of one worker after the other."""

    def __init__(self, neutron: Neutron) -> None:
        self._neutron = neutron
        self._local = threading.local()
        self._count = 0

    def mine(self) -> Any:
        if not hasattr(self._local, "api"):
            self._count += 1
            workers = self._neutron.workers
            self._local.api = connect(workers[self._count % len(workers)])
            list(self._local.api.networks(limit=1))  # Connected, and all modules loaded.
        return self._local.api


@contextmanager
def _watched(cloud: Cloud) -> Iterator[Watcher]:
    watcher = Watcher(cloud.url)
    try:
        yield watcher
    finally:
        watcher.close()


def _people(cloud: Cloud, group: Any) -> None:
    """Let the host have ports that wear the group; nothing is sent through them."""
    network = cloud.api.create_network(name="measured")
    cloud.api.create_subnet(network_id=network.id, ip_version=4, cidr="10.9.0.0/16")
    for _ in range(_PORTS):
        port = cloud.api.create_port(network_id=network.id, security_group_ids=[group.id])
        cloud.nova.bind(port.id)
        plug_internal(cloud.hypervisor, port.id)
    for port in cloud.api.ports(network_id=network.id):
        cloud.until_status(port.id, "ACTIVE")


def _row(label: str, delays: Delays) -> Row:
    figures = [
        Figure(percentile(delays[at_once], share))
        for at_once in (1, _AT_ONCE)
        for share in (0.5, 0.99)
    ]
    return Row(label, tuple(figures))
