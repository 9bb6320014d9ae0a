"""A full synchronisation: all of Neutron's database against all of the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from bench.cloud import Cloud
from bench.report import Figure, Row, Table

_PORTS, _GROUPS = 1000, 100
_RULES = 10
"""Rules of each group, beside the two that let everything out."""
_WORN = 2
"""Groups of each port."""
_BULK = 100
_TOOL = "damselfly-neutron-sync"
_COLUMNS = ("s",)
_NOTE = (
    f"Each port wears {_WORN} groups; each group has {_RULES} rules of its own and two that let"
    " everything out. Wall-clock time of damselfly-neutron-sync as an operator runs it, the imports"
    " and the start of Neutron's plugins included; the last line shows the imports by themselves."
)


def syncing(rounds: int) -> Table:
    """Compare everything, and write everything."""
    same, written, started = [], [], []
    with Cloud(workers=2) as cloud:
        started = [_timed(cloud, "--help") for _ in range(rounds)]
        _fill(cloud)
        for _ in range(rounds):
            same.append(_timed(cloud, "--mode", "report"))
            cloud.empty()
            written.append(_timed(cloud, "--mode", "repair"))
    rows = (
        Row("compare, nothing differs", (Figure.of(same),)),
        Row("repair, the store is empty", (Figure.of(written),)),
        Row("--help: imports only", (Figure.of(started),)),
    )
    title = f"Full sync of {_PORTS:,} ports x {_GROUPS} groups"
    return Table("neutron-sync", title, _COLUMNS, rows, (_NOTE,))


def _timed(cloud: Cloud, *words: str) -> float:
    start = time.monotonic()
    cloud.neutron.tool(_TOOL, *words)
    return time.monotonic() - start


def _fill(cloud: Cloud) -> None:
    api = cloud.api
    network = api.create_network(name="full")
    api.create_subnet(network_id=network.id, ip_version=4, cidr="10.0.0.0/16")
    groups = [_group(api, number).id for number in range(_GROUPS)]
    wanted = (
        {
            "network_id": network.id,
            "security_groups": [groups[(number + step) % _GROUPS] for step in range(_WORN)],
        }
        for number in range(_PORTS)
    )
    while bulk := list(islice(wanted, _BULK)):
        list(api.create_ports(bulk))


def _group(api: Any, number: int) -> Any:
    group = api.create_security_group(name=f"group-{number}")
    list(api.create_security_group_rules(list(_rules(group.id))))
    return group


def _rules(group_id: str) -> Iterator[dict[str, Any]]:
    for number in range(_RULES):
        yield {
            "security_group_id": group_id,
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "port_range_min": 1000 + number,
            "port_range_max": 1000 + number,
        }
