"""400 ports with 1,000 rules each on one host: from the agent's start until all are enforced."""

from __future__ import annotations

import time

from bench.agent import Agent
from bench.ours.policies import Size
from bench.report import Figure, Row, Table
from damselfly.northbound.codec import write
from lab.hypervisor import Hypervisor

from .policies import everything, local, newcomer
from .site import changed, plug, resident

PORTS, SIZE = 400, Size(rules=1_000, members=1_000)
_COLUMNS = (
    *("rules in the store", "start to enforced, s", "agent CPU, s", "flows at rest"),
    *("memory of the agent, MB", "a member is added: CPU, ms", "flow-mods"),
)
_NOTE = (
    f"{PORTS} ports are plugged in, the policy is in the store, and the bridge holds no flow, when"
    " the agent's process is started; enforced: when the switch has confirmed all flows by"
    " barrier. Shared: all ports wear one group. Distinct: each wears a group of its own. Memory:"
    " resident, after that. A tenth of the rules names one remote group of"
    f" {SIZE.members:,} members, to which one more is added in the end."
)


def host(rounds: int) -> Table:
    """Start an agent on a full host, with shared groups and with distinct ones, thrice at most."""
    rows = tuple(
        _row(label, [_started(distinct=distinct) for _ in range(min(rounds, 3))])
        for label, distinct in (("one shared group", False), ("distinct groups", True))
    )
    return Table("host", f"{PORTS} ports with 1,000 rules each", _COLUMNS, rows, (_NOTE,))


def _row(label: str, found: list[tuple[float, ...]]) -> Row:
    return Row(label, tuple(Figure.of(column) for column in zip(*found, strict=True)))


def _started(*, distinct: bool) -> tuple[float, ...]:
    with Hypervisor("host") as hypervisor, Agent(hypervisor) as agent:
        plug(hypervisor, [local(number).id for number in range(PORTS)])
        agent.process.stop()
        revision = agent.write(everything(SIZE, PORTS, distinct=distinct))
        hypervisor.ofctl("del-flows")
        start = time.time()
        agent.process.start()
        enforced = agent.enforced(revision).revision_at - start
        cpu, flows = agent.cpu(), len(hypervisor.ofctl("dump-flows", "--no-stats").splitlines())
        memory = resident(agent)
        more = changed(agent, write(newcomer(0)))
    rules = SIZE.rules * (PORTS if distinct else 1)
    return (rules, enforced, cpu, flows, memory, more.cpu, more.flow_mods)
