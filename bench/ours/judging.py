"""What a decision costs before any switch is involved: judge a packet and find its region."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench.report import Figure, Row, Table
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, UDP
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.policy.policies import Policies
from damselfly.policy.rulebook import RuleBook

from .policies import LARGE, SMALL, WORN, Size, member_addresses, rules, snapshot

_PACKETS = 5_000


def judging(rounds: int) -> Table:
    """Measure the CPU time of one decision with its region, and of compiling the rules."""
    rows = tuple(_row(size, rounds) for size in (SMALL, LARGE))
    columns = ("allow, us", "deny, us", "compile all rules, ms", "recompile for a member, ms")
    note = (
        f"CPU time of one process, medians of {rounds} rounds of {_PACKETS:,} packets each"
        " (lowest-highest). No switch, no I/O."
    )
    return Table("judging", "A decision and its region, pure", columns, rows, (note,))


def _row(size: Size, rounds: int) -> Row:
    view = snapshot(size)
    policies = Policies(view)
    book = policies.book((WORN,), Direction.INGRESS, IPV4)
    allowed, denied = _packets(size, book)
    figures = (
        Figure.of(
            [_cpu(lambda: _judge(book, allowed)) / len(allowed) * 1e6 for _ in range(rounds)]
        ),
        Figure.of([_cpu(lambda: _judge(book, denied)) / len(denied) * 1e6 for _ in range(rounds)]),
        Figure.of([_cpu(lambda: _compile(Policies(view))) * 1e3 for _ in range(rounds)]),
        _figure_of_recompiling(policies, size, rounds),
    )
    return Row(str(size), figures)


def _packets(size: Size, book: RuleBook) -> tuple[list[Packet], list[Packet]]:
    """Return packets that the rules admit, and packets that they deny, of every kind there is."""
    chance = random.Random(3)
    members = member_addresses(size.members) or [0]
    known = [rule.port_range_min or 0 for rule in rules(size)]
    found: tuple[list[Packet], list[Packet]] = ([], [])
    while min(map(len, found)) < _PACKETS:
        source = chance.choice((chance.choice(members), chance.randrange(1 << 32)))
        port = chance.choice((chance.choice(known), chance.randrange(1 << 16)))
        packet = Packet(IPV4, chance.choice((TCP, UDP)), source, 1, chance.randrange(1 << 16), port)
        found[not book.judge(packet).allowed].append(packet)
    return found[0][:_PACKETS], found[1][:_PACKETS]


def _judge(book: RuleBook, packets: list[Packet]) -> None:
    for packet in packets:
        book.judge(packet)


def _compile(policies: Policies) -> None:
    policies.book((WORN,), Direction.INGRESS, IPV4)


def _figure_of_recompiling(policies: Policies, size: Size, rounds: int) -> Figure | None:
    if not size.members:
        return None
    return Figure.of([_without(policies, f"member-{n}") * 1e3 for n in range(rounds)])


def _without(policies: Policies, port_id: str) -> float:
    """Let one member go, and bring the rules up to date."""
    changed = policies.snapshot.evolve(1, drop=[(Port, port_id)])
    return _cpu(lambda: _compile(Policies(changed, policies)))


def _cpu(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
