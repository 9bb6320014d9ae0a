"""A rule changes: how long until the switch enforces it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.agent import Agent
from bench.large.site import plug
from bench.report import Figure, Row, Table, percentile
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, key_of, write
from damselfly.northbound.store import Change
from lab.hypervisor import Hypervisor

from .policies import NETWORK

_PORTS = 50
_CHANGES = 40
"""Of each kind, in each round."""
_GROUP = "all"
_COLUMNS = ("enforced p50, ms", "p99, ms")
_NOTE = (
    f"{_PORTS} local ports wear the group. From before the store's commit until the switch has"
    " confirmed the change by barrier, as the agent noted it; both processes read one clock."
)


def enforcement(rounds: int) -> Table:
    """Let one rule come and go, and measure when it is enforced."""
    with Hypervisor("changes") as hypervisor, Agent(hypervisor) as agent:
        plug(hypervisor, [port.id for port in _ports()])
        things: list[Stored] = [Network(NETWORK, NETWORK, 1), _group(), *_ports()]
        agent.enforced(agent.write(things))
        added, removed = [], []
        for number in range(rounds * _CHANGES):
            rule = Rule(f"new-{number}", _GROUP, Direction.INGRESS, IPV4, TCP, 9_000, 9_000)
            added.append(_delay(agent, write(rule)))
            removed.append(_delay(agent, Change(key_of(rule), None)))
    rows = (_row("a rule is added", added), _row("a rule is removed", removed))
    return Table("enforcement", "A rule change, enforced", _COLUMNS, rows, (_NOTE,))


def _row(label: str, delays: list[float]) -> Row:
    return Row(label, tuple(Figure(percentile(delays, share)) for share in (0.5, 0.99)))


def _delay(agent: Agent, change: Change) -> float:
    """Commit the change; return after how many milliseconds the switch had it."""
    start = time.time()
    return (agent.enforced(agent.commit([change])).revision_at - start) * 1e3


def _ports() -> Iterator[Port]:
    for number in range(1, _PORTS + 1):
        address = Prefix(IPV4, (10 << 24) + number, 32)
        mac = (2 << 40) + number
        yield Port(f"p{number}", NETWORK, mac, f"p{number}", (address,), (), (_GROUP,))


def _group() -> SecurityGroup:
    rules = (
        Rule(f"tcp-{port}", _GROUP, Direction.INGRESS, IPV4, TCP, port, port)
        for port in range(8_000, 8_010)
    )
    return SecurityGroup(_GROUP, _GROUP, tuple(rules))
