"""A group of ten thousand members that fifty local ports name: what its changes cost."""

from __future__ import annotations

import time

from bench.agent import Agent
from bench.ours.policies import LARGE, WORN
from bench.report import Figure, Row, Table, percentile
from damselfly.model.address import FAMILIES
from damselfly.model.direction import Direction
from damselfly.model.snapshot import Thing, snapshot_of
from damselfly.northbound.codec import key_of, write
from damselfly.northbound.store import Change
from damselfly.policy.policies import Policies
from lab.hypervisor import Hypervisor

from .policies import everything, local, newcomer
from .site import Changed, changed, plug

PORTS = 50
CHANGES = 20
"""Of each kind, in each round."""
_COLUMNS = ("agent CPU p50, ms", "p99, ms", "flow-mods", "enforced p50, ms", "p99, ms")
_NOTE = (
    f"{PORTS} local ports wear a group of {LARGE.rules:,} rules, every tenth of which names a group"
    f" of {LARGE.members:,} members. First compilation: all rule books of the group, pure. CPU: of"
    " the agent's process, from before the store's commit until its status says that the switch"
    " has confirmed the change; enforced: until then, as the agent noted it. A member that leaves"
    " takes new labels to every port that named it."
)


def group(rounds: int) -> Table:
    """Let members come and go."""
    with Hypervisor("group") as hypervisor, Agent(hypervisor) as agent:
        plug(hypervisor, [local(number).id for number in range(PORTS)])
        agent.enforced(agent.write(everything(LARGE, PORTS)))
        added, removed = [], []
        for number in range(rounds * CHANGES):
            member = newcomer(number)
            added.append(changed(agent, write(member)))
            removed.append(changed(agent, Change(key_of(member), None)))
    first = Figure.of([compilation() for _ in range(rounds)])
    rows = (
        Row("first compilation", (first, None, None, None, None)),
        _row("a member is added", added),
        _row("a member is removed", removed),
    )
    return Table("group", "A group of 10,000 members", _COLUMNS, rows, (_NOTE,))


def compilation() -> float:
    """Return how many milliseconds of CPU time the rule books take at first."""
    things = [thing for thing in everything(LARGE, PORTS) if isinstance(thing, Thing)]
    policies = Policies(snapshot_of(things))
    start = time.process_time()
    for direction in Direction:
        for family in FAMILIES:
            policies.book((WORN,), direction, family)
    return (time.process_time() - start) * 1e3


def _row(label: str, found: list[Changed]) -> Row:
    cpu, delays = [each.cpu for each in found], [each.delay for each in found]
    figures = (
        Figure(percentile(cpu, 0.5)),
        Figure(percentile(cpu, 0.99)),
        Figure.of([each.flow_mods for each in found]),
        Figure(percentile(delays, 0.5)),
        Figure(percentile(delays, 0.99)),
    )
    return Row(label, figures)
