"""Random policies and packets: tiny ones that can be exhausted, and wide ones.

A world is a snapshot, the port that is judged and the direction and family of the question.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hypothesis import strategies as st

from damselfly.model.address import IPV4, IPV6, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import (
    ICMP,
    ICMP_PROTOCOLS,
    ICMPV6,
    SCTP,
    TCP,
    UDP,
    AddressGroup,
    Rule,
    SecurityGroup,
    in_order,
)
from damselfly.model.packet import Packet
from damselfly.model.port import AddressPair, Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of
from damselfly.policy.decision import rules_of
from damselfly.policy.renewal import recompiled
from damselfly.policy.rulebook import RuleBook, rule_book

GROUPS = ("g0", "g1", "g2")
LISTS = ("g0", "a1")
"""Ids of address groups; a security group may have the same."""
GRE, OTHER = 47, 200
PROTOCOLS = (None, TCP, TCP, TCP, UDP, ICMP, ICMPV6, GRE, SCTP, 0)
ICMP_VALUES = (0, 3, 8, 128)
BASE = {IPV4: 0x0A00_0000, IPV6: 0xFD00 << 112}


Question = tuple[Direction, Family]
"""Whose rules are asked."""


@dataclass(frozen=True)
class Scale:
    """How many low bits of addresses and ports vary, and how many rules and members there are."""

    address_bits: int
    port_bits: int
    rules: int
    members: int


TINY = Scale(address_bits=2, port_bits=2, rules=3, members=3)
WIDE = Scale(address_bits=12, port_bits=16, rules=4, members=8)


class World(NamedTuple):
    """A policy and the question that is asked of it."""

    snapshot: Snapshot
    port: Port
    direction: Direction
    family: Family

    @property
    def rules(self) -> list[Rule]:
        """The rules that are asked."""
        return list(rules_of(self.snapshot, self.port.security_groups, self.direction, self.family))

    def book(self, previous: RuleBook | None = None) -> RuleBook:
        """The same rules, compiled."""
        groups = self.port.security_groups
        if previous is not None:
            return recompiled(previous, self.snapshot, groups)
        return rule_book(self.snapshot, groups, self.direction, self.family)

    def packet(self, protocol: int, src: int, dst: int, remote: int) -> Packet:
        """A packet whose far end has that address."""
        here = BASE[self.family] | 0xFF00
        ends = (remote, here) if self.direction is Direction.INGRESS else (here, remote)
        return Packet(self.family, protocol, *ends, src, dst)


def addresses(family: Family, bits: int) -> st.SearchStrategy[int]:
    """Addresses that differ in their low bits only."""
    return st.integers(0, (1 << bits) - 1).map(lambda low: BASE[family] | low)


@st.composite
def prefixes(draw: st.DrawFn, family: Family, bits: int) -> Prefix:
    """Prefixes of those addresses; now and then everything."""
    length = draw(st.sampled_from([0, *range(family.bits - bits, family.bits + 1)]))
    value = draw(addresses(family, bits))
    free = family.bits - length
    return Prefix(family, value >> free << free, length)


@st.composite
def rules(draw: st.DrawFn, scale: Scale, name: str, asked: Question) -> Rule:
    """Rules of any protocol, some of which match nothing; their names say whose they are."""
    direction, family = asked
    group = name.partition("-")[0]
    protocol = draw(st.sampled_from(PROTOCOLS))
    low = high = None
    if protocol in ICMP_PROTOCOLS:
        low = draw(st.sampled_from([None, *ICMP_VALUES]))
        high = None if low is None else draw(st.sampled_from([None, 0, 1]))
    elif protocol in (TCP, UDP, SCTP) and draw(st.integers(0, 3)):
        ports = st.integers(0, (1 << scale.port_bits) - 1)
        low, high = sorted((draw(ports), draw(ports)))
    kind = draw(st.sampled_from(["any", "prefix", "group", "group", "list", "foreign"]))
    other = IPV6 if family is IPV4 else IPV4
    prefix = {
        "prefix": prefixes(family, scale.address_bits),
        "foreign": prefixes(other, scale.address_bits),
    }
    remote_group = st.sampled_from([*GROUPS, "nobody knows"])
    remote_list = st.sampled_from([*LISTS, *LISTS, "nobody knows"])
    return Rule(
        name, group, direction, family, protocol, low, high,
        remote_ip_prefix=draw(prefix[kind]) if kind in prefix else None,
        remote_group_id=draw(remote_group) if kind == "group" else None,
        remote_address_group_id=draw(remote_list) if kind == "list" else None,
    )  # fmt: skip


@st.composite
def groups(draw: st.DrawFn, scale: Scale, asked: Question) -> list[SecurityGroup]:
    """All groups with their rules."""
    found = []
    for group in GROUPS:
        names = [f"{group}-{n}" for n in range(draw(st.integers(0, scale.rules)))]
        meant = tuple(draw(rules(scale, name, asked)) for name in names)
        found.append(SecurityGroup(group, group, meant))
    return found


@st.composite
def address_groups(draw: st.DrawFn, scale: Scale, name: str) -> AddressGroup:
    """An address group, of either family or both, overlapping or not, or empty."""
    near = st.sampled_from([IPV4, IPV4, IPV6]).flatmap(lambda f: prefixes(f, scale.address_bits))
    return AddressGroup(name, name, in_order(draw(st.lists(near, max_size=scale.members))))


@st.composite
def members(draw: st.DrawFn, scale: Scale, family: Family) -> list[Port]:
    """Ports that make the groups' members, some with address pairs."""
    found = []
    for number in range(draw(st.integers(0, scale.members))):
        fixed = Prefix(family, draw(addresses(family, scale.address_bits)), family.bits)
        pairs: tuple[AddressPair, ...] = ()
        if not draw(st.integers(0, 4)):
            pairs = (AddressPair(draw(prefixes(family, scale.address_bits))),)
        worn = draw(st.sets(st.sampled_from(GROUPS), max_size=2))
        found.append(
            Port(
                f"m{number}", "net", 0x0200_0000_0000 + number, fixed_ips=(fixed,),
                allowed_address_pairs=pairs, security_groups=tuple(sorted(worn)),
            )
        )  # fmt: skip
    return found


@st.composite
def worlds(draw: st.DrawFn, scale: Scale) -> World:
    """A policy with one question."""
    direction = draw(st.sampled_from(list(Direction)))
    family = draw(st.sampled_from([IPV4, IPV4, IPV6]))
    worn = draw(st.sets(st.sampled_from(GROUPS), min_size=1))
    port = Port("me", "net", 0x0200_0000_FFFF, security_groups=tuple(sorted(worn)))
    things: list[Thing] = [*draw(groups(scale, (direction, family))), port]
    things += draw(members(scale, family))
    things += [draw(address_groups(scale, name)) for name in LISTS if draw(st.integers(0, 3))]
    return World(snapshot_of(things), port, direction, family)


def packets(world: World, scale: Scale) -> st.SearchStrategy[Packet]:
    """Packets near the rules' own values, and some far away."""
    near = st.integers(0, (1 << min(scale.port_bits + 1, 16)) - 1)
    protocol = st.sampled_from([TCP, TCP, UDP, ICMP, ICMPV6, GRE, SCTP, 0, OTHER])
    edges = [
        edge
        for rule in world.rules
        for edge in (rule.port_range_min, rule.port_range_max)
        if edge is not None
    ]
    ports = st.one_of(near, st.integers(0, 0xFFFF), st.sampled_from(edges or [0]))
    remote = st.one_of(
        addresses(world.family, scale.address_bits),
        addresses(world.family, scale.address_bits + 3),
        st.integers(0, (1 << world.family.bits) - 1),
    )
    icmp = st.sampled_from([*ICMP_VALUES, 1, 200])

    def packet(number: int, src: int, dst: int, types: tuple[int, int], far: int) -> Packet:
        if number in ICMP_PROTOCOLS and number == world.family.icmp:
            return world.packet(number, *types, far)
        if number in (TCP, UDP, SCTP):
            return world.packet(number, src, dst, far)
        return world.packet(number, 0, 0, far)

    return st.builds(packet, protocol, ports, ports, st.tuples(icmp, icmp), remote)
