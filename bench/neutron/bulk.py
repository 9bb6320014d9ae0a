"""A thousand rules in one call: how long Neutron takes by itself, and with us."""

from __future__ import annotations

import time
from typing import Any

from bench.cloud import Cloud
from bench.report import Figure, Row, Table
from damselfly.northbound import keys
from lab.command import CommandFailed
from lab.neutron.nova import connect
from lab.neutron.server import Neutron

_RULES = 1000
_COLUMNS = ("s",)
_NOTE = (
    "One POST. Neutron checks each rule against all that the group has by then, so its time grows"
    " with the square of their number. Enforced: until the agent has confirmed what the store"
    " holds after the answer."
)


def bulk(rounds: int) -> Table:
    """Create the rules of a group in one call."""
    alone, answered, enforced = [], [], []
    with Neutron(["logger"], {}) as neutron:
        api = connect(neutron.workers[0])
        alone = [_answered(api, api.create_security_group(name="bulk")) for _ in range(rounds)]
    with Cloud() as cloud:
        for _ in range(rounds):
            group = cloud.api.create_security_group(name="bulk")
            answered.append(_answered(cloud.api, group))
            begun = time.monotonic()
            cloud.enforced()
            enforced.append(time.monotonic() - begun)
            if len(cloud.stored(keys.rules_of(group.id))) < _RULES:
                raise CommandFailed("the store does not have all rules")
    rows = (
        Row("answered, Neutron alone", (Figure.of(alone),)),
        Row("answered, with Damselfly", (Figure.of(answered),)),
        Row("from there until enforced", (Figure.of(enforced),)),
    )
    return Table("neutron-bulk", f"{_RULES:,} rules in one API call", _COLUMNS, rows, (_NOTE,))


def _answered(api: Any, group: Any) -> float:
    where = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv4"}
    ports = ({"port_range_min": port, "port_range_max": port} for port in range(1, 2 * _RULES, 2))
    rules = [{**where, "protocol": "tcp", **one} for one in ports]
    start = time.monotonic()
    list(api.create_security_group_rules(rules))
    return time.monotonic() - start
