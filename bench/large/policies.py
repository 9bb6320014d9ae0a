"""Large policies for one host, the same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.ours.policies import MEMBERS, NETWORK, WORN, Size, members, rules
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored

ELSEWHERE = "elsewhere"
"""The host of ports that are not plugged in here."""
OUT = "out"
"""A group that lets its wearers send anything."""
_FIRST_LOCAL = (10 << 24) + (1 << 23) + 1
"""Addresses of local ports: odd ones, which no remote member has."""


def everything(size: Size, ports: int, *, distinct: bool = False) -> Iterator[Stored]:
    """Yield a network, the remote group with its members, and local ports that wear the rules.

    ``distinct``: each port wears a group of its own, with rules of its own.
    """
    yield Network(NETWORK, NETWORK, 1)
    yield SecurityGroup(MEMBERS, MEMBERS)
    yield SecurityGroup(OUT, OUT, (Rule("any", OUT, Direction.EGRESS, IPV4),))
    for port in members(size):
        yield replace(port, host=ELSEWHERE)
    stated = tuple(rules(size))
    for number in range(ports if distinct else 1):
        yield worn(name_of(number) if distinct else WORN, stated)
    for number in range(ports):
        yield local(number, name_of(number) if distinct else WORN)


def worn(group: str, stated: tuple[Rule, ...]) -> SecurityGroup:
    """Return a group with rules of its own that say the same as these."""
    own = (replace(rule, id=f"{group}-{rule.id}", security_group_id=group) for rule in stated)
    return SecurityGroup(group, group, tuple(own))


def local(number: int, *groups: str) -> Port:
    """Return a port of this host."""
    name = f"p{number:04}"
    address = Prefix(IPV4, _FIRST_LOCAL + 2 * number, 32)
    mac = (2 << 40) + (2 << 24) + number
    return Port(name, NETWORK, mac, name, (address,), (), tuple(sorted(groups)))


def newcomer(number: int) -> Port:
    """Return a further member of the remote group."""
    port = next(iter(members(Size(0, 1))))
    address = Prefix(IPV4, (10 << 24) + 2 * (number * 7919 % (1 << 22)) + 1, 32)
    name = f"new-{number}"
    return replace(port, id=name, mac=port.mac + (1 << 32) + number, fixed_ips=(address,),
                   host=ELSEWHERE)  # fmt: skip


def name_of(number: int) -> str:
    """Return the name of a port's own group."""
    return f"own-{number:04}"
