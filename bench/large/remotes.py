"""Rules that name hundreds of remote groups: a decision must not ask them one by one."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from bench.ours.policies import MEMBERS, NETWORK, WORN, member_addresses
from bench.report import Figure, Row, Table
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, snapshot_of
from damselfly.policy.policies import Policies

from .policies import newcomer

GROUPS = (1, 8, 30, 100, 300)
_RULES, _MEMBERS, _PACKETS, _FIRST = 1_000, 10_000, 3_000, 1_000
_ASKED = ((WORN,), Direction.INGRESS, IPV4)
_COLUMNS = ("a decision, us", "compile all rules, ms", "recompile for a member, ms")
_NOTE = (
    f"{_RULES:,} rules, each for one port and one of so many remote groups, which have"
    f" {_MEMBERS:,} members together. CPU time of one process; {_PACKETS:,} packets, admitted and"
    " denied, each judged with its region. No switch, no I/O."
)


def remotes(rounds: int) -> Table:
    """Judge by few groups and by many."""
    rows = (Row(f"{count} remote groups", _figures(count, rounds)) for count in GROUPS)
    return Table("remotes", "Rules that name many groups", _COLUMNS, tuple(rows), (_NOTE,))


def _figures(count: int, rounds: int) -> tuple[Figure, ...]:
    view, packets = _snapshot(count), _packets()
    Policies(view).book(*_ASKED)  # Who is in which group is found out once for all views.
    more = view.evolve(1, [_member(newcomer(0).fixed_ips[0].value, 0)])
    found = [_measured(view, more, packets) for _ in range(rounds)]
    return tuple(Figure.of(column) for column in zip(*found, strict=True))


def _measured(view: Snapshot, more: Snapshot, packets: list[Packet]) -> tuple[float, ...]:
    policies = Policies(view)
    compiling = _cpu(lambda: policies.book(*_ASKED))
    book = policies.book(*_ASKED)
    judging = _cpu(lambda: [book.judge(packet) for packet in packets])
    again = _cpu(lambda: Policies(more, policies).book(*_ASKED))
    return judging / len(packets) * 1e6, compiling * 1e3, again * 1e3


def _snapshot(count: int) -> Snapshot:
    rules = tuple(
        Rule(f"rule-{n:04}", WORN, Direction.INGRESS, IPV4, TCP, _FIRST + n, _FIRST + n,
             remote_group_id=f"{MEMBERS}-{n % count}")
        for n in range(_RULES)
    )  # fmt: skip
    named = (SecurityGroup(f"{MEMBERS}-{number}", MEMBERS) for number in range(count))
    addresses = enumerate(member_addresses(_MEMBERS))
    members = (_member(address, number % count) for number, address in addresses)
    return snapshot_of([SecurityGroup(WORN, WORN, rules), *named, *members])


def _member(address: int, group: int) -> Port:
    ips = (Prefix(IPV4, address, 32),)
    groups = (f"{MEMBERS}-{group}",)
    return Port(f"m-{address}", NETWORK, address, fixed_ips=ips, security_groups=groups)


def _packets() -> list[Packet]:
    chance = random.Random(4)
    known = member_addresses(_MEMBERS)
    sources = (chance.choice((chance.choice(known), chance.randrange(1 << 32))) for _ in known)
    ports = (chance.choice((_FIRST + chance.randrange(_RULES), chance.randrange(1, 1 << 16)))
             for _ in known)  # fmt: skip
    asked = zip(sources, ports, range(_PACKETS), strict=False)
    return [Packet(IPV4, TCP, source, 1, 40_000, port) for source, port, _ in asked]


def _cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
