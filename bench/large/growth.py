"""How costs grow with rules, ports and members: one of them at a time, the others as they are."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace

from bench.ours.policies import WORN, Size
from bench.report import Figure, Row, Table
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule
from damselfly.northbound.codec import key_of, write
from damselfly.northbound.store import Change

from .chain import Chain
from .policies import everything, newcomer

CHANGES = 10
"""Of each kind, of which the median counts."""
_SIZE, _PORTS = Size(rules=1_000, members=10_000), 50
RULES = (100, 300, 1_000, 3_000, 10_000)
PORTS = (25, 50, 100, 200, 400)
MEMBERS = (100, 1_000, 10_000, 100_000)
COLUMNS = (
    *("read the store", "state all flows", "compile rule books"),
    *("a member is added", "a member is removed", "a rule is added", "flows at rest"),
)
_NOTE = (
    f"Milliseconds of CPU time of one process, without switch and store; medians of {CHANGES}"
    f" changes. Where nothing else is said, {_PORTS} local ports wear a group of {_SIZE.rules:,}"
    f" rules, every tenth of which names a group of {_SIZE.members:,} members. A removed member"
    " takes new labels to every local port, which is why that grows with them."
)


def growth(rounds: int) -> Table:
    """Measure each size, twice at most: each figure is a median, or of much work, already."""
    enough = min(rounds, 2)
    rows = tuple(Row(label, _figures(size, ports, enough)) for label, size, ports in sizes())
    return Table("growth", "How costs grow", COLUMNS, rows, (_NOTE,))


def sizes() -> Iterator[tuple[str, Size, int]]:
    """Yield what each row is called, the policy and the number of local ports."""
    for count in RULES:
        yield f"{count:,} rules", replace(_SIZE, rules=count), _PORTS
    for count in PORTS:
        yield f"{count:,} ports", _SIZE, count
    for count in MEMBERS:
        yield f"{count:,} members", replace(_SIZE, members=count), _PORTS


def _figures(size: Size, ports: int, rounds: int) -> tuple[Figure, ...]:
    found = [_measured(size, ports) for _ in range(rounds)]
    return tuple(Figure.of(column) for column in zip(*found, strict=True))


def _measured(size: Size, ports: int) -> tuple[float, ...]:
    chain = Chain(everything(size, ports))
    compiling = chain.ask()
    members = [newcomer(number) for number in range(CHANGES)]
    added = [chain.change(write(member)) for member in members]
    removed = [chain.change(Change(key_of(member), None)) for member in members]
    ruled = [chain.change(write(_rule(number))) for number in range(CHANGES)]
    changes = (statistics.median(each) for each in (added, removed, ruled))
    return chain.reading, chain.stating, compiling, *changes, chain.flows


def _rule(number: int) -> Rule:
    port = 9_000 + number
    return Rule(f"new-{number}", WORN, Direction.INGRESS, IPV4, TCP, port, port)
