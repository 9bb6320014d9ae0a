"""Made-up policies of a given size, the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, UDP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, snapshot_of

NETWORK = "net"
WORN = "worn"
"""The group of the port that is judged."""
MEMBERS = "members"
"""The group that some of its rules name as remote."""
_FIRST_ADDRESS = 10 << 24


@dataclass(frozen=True, slots=True)
class Size:
    """How large a policy is."""

    rules: int
    members: int
    """Of the one remote group; 0: no rule names one."""

    def __str__(self) -> str:
        """Spell the size."""
        group = f" + a remote group of {self.members:,}" if self.members else ""
        return f"{self.rules:,} rules{group}"


SMALL = Size(rules=10, members=0)
LARGE = Size(rules=1_000, members=10_000)


def member_addresses(count: int) -> list[int]:
    """Return scattered addresses of 10.0.0.0/8, no two of them neighbours."""
    chance = random.Random(1)
    return [_FIRST_ADDRESS + 2 * n for n in sorted(chance.sample(range(1 << 23), count))]


def rules(size: Size) -> Iterator[Rule]:
    """Yield ingress rules of four kinds.

    Ports from anywhere, everything from a prefix, ports from a prefix; and, every tenth, ports
    from the group, where there is one.
    """
    chance = random.Random(2)
    for number in range(size.rules):
        first = chance.randrange(1, 65_000)
        ports = (first, first + chance.randrange(500))
        anything = number % 4 == 1
        from_group = size.members > 0 and number % 10 == 0
        prefix = Prefix(IPV4, chance.randrange(16 << 16, 126 << 16) << 8, 24)
        yield Rule(
            f"rule-{number:04}",
            WORN,
            Direction.INGRESS,
            IPV4,
            None if anything else (TCP, UDP)[number % 3 == 0],
            None if anything else ports[0],
            None if anything else ports[1],
            prefix if number % 2 else None,
            MEMBERS if from_group else None,
        )


def groups(size: Size) -> list[SecurityGroup]:
    """Return the group that is worn and the one that its rules name."""
    return [SecurityGroup(WORN, WORN, tuple(rules(size))), SecurityGroup(MEMBERS, MEMBERS)]


def members(size: Size) -> list[Port]:
    """Return the ports that wear the remote group."""
    return [
        Port(
            f"member-{number}",
            NETWORK,
            mac=(2 << 40) + (1 << 24) + number,
            fixed_ips=(Prefix(IPV4, address, 32),),
            security_groups=(MEMBERS,),
        )
        for number, address in enumerate(member_addresses(size.members))
    ]


def snapshot(size: Size) -> Snapshot:
    """Build a snapshot of the groups and all members."""
    return snapshot_of([Network(NETWORK, NETWORK, 1), *groups(size), *members(size)])
