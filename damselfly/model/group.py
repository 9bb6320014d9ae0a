"""Security groups, their rules, and address groups, with Neutron's field names and meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .address import IPV4, IPV6, Family, Prefix
from .direction import Direction

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
SCTP, DCCP, UDPLITE = 132, 33, 136

PORT_PROTOCOLS = frozenset({TCP, UDP, SCTP, DCCP, UDPLITE})
"""Protocols whose rules may name ports (Neutron API, "protocol" of a security group rule)."""
UNSEEN_PORTS = frozenset({DCCP, UDPLITE})
"""Those of them whose ports Open vSwitch has no field for (ovs-fields(7))."""
ICMP_PROTOCOLS = frozenset({ICMP, ICMPV6})

PROTOCOL_NUMBERS = {
    "ah": 51, "dccp": DCCP, "egp": 8, "esp": 50, "gre": 47, "hopopt": 0, "icmp": ICMP,
    "icmpv6": ICMPV6, "igmp": 2, "ip": 0, "ipip": 4, "ipv6-encap": 41, "ipv6-frag": 44,
    "ipv6-icmp": ICMPV6, "ipv6-nonxt": 59, "ipv6-opts": 60, "ipv6-route": 43, "ospf": 89,
    "pgm": 113, "rsvp": 46, "sctp": SCTP, "tcp": TCP, "udp": UDP, "udplite": UDPLITE, "vrrp": 112,
}  # fmt: skip
"""Protocol names that Neutron's API takes, with their IANA numbers."""

PROTOCOL_NAMES = {
    TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "ipv6-icmp", SCTP: "sctp", DCCP: "dccp",
    UDPLITE: "udplite", 47: "gre", 50: "esp", 51: "ah", 112: "vrrp", 2: "igmp", 89: "ospf",
}  # fmt: skip
"""The name by which a protocol is shown."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a group allows.  An absent (``None``) condition always holds."""

    id: str
    security_group_id: str
    direction: Direction
    family: Family
    protocol: int | None = None
    port_range_min: int | None = None
    """First port; for ICMP the type.  0 is a value."""
    port_range_max: int | None = None
    """Last port; for ICMP the code."""
    remote_ip_prefix: Prefix | None = None
    remote_group_id: str | None = None
    remote_address_group_id: str | None = None

    @property
    def remote_set(self) -> tuple[str, str] | None:
        """Name the group, of either kind, that the rule means as remote; None where none."""
        if self.remote_group_id is not None:
            return "group", self.remote_group_id
        if self.remote_address_group_id is not None:
            return "address group", self.remote_address_group_id
        return None


_Question = tuple[bool, int]
"""Ingress or not, and the bits of the family: compared faster than what they stand for."""
_IcmpType = tuple[Direction, Family, int | None]
_ICMP_OF = {IPV4.bits: (ICMP,), IPV6.bits: (ICMP, ICMPV6)}
"""The protocols that mean a family's ICMP in a rule."""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A named set of rules that ports wear."""

    id: str
    name: str
    rules: tuple[Rule, ...] = ()
    """Ordered by id, so that equal groups are equal values."""
    stateful: bool = True
    remote_groups: frozenset[str] = field(init=False, repr=False, compare=False)
    """Ids of the groups that the rules name as remote."""
    icmp_types: frozenset[_IcmpType] = field(init=False, repr=False, compare=False)
    """The ICMP types that rules name, with direction and family; None where one admits any type."""
    _by_question: Mapping[_Question, tuple[Rule, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Look at the rules once: a group is asked about at every change of anything."""
        by_question: dict[_Question, list[Rule]] = {}
        named: set[str | None] = set()
        types: set[_IcmpType] = set()
        for rule in self.rules:
            direction, family = rule.direction, rule.family
            by_question.setdefault((direction is Direction.INGRESS, family.bits), []).append(rule)
            named.add(rule.remote_group_id)
            if rule.protocol is None or rule.protocol in _ICMP_OF[family.bits]:
                icmp_type = None if rule.protocol is None else rule.port_range_min
                types.add((direction, family, icmp_type))
        put = object.__setattr__
        put(self, "remote_groups", frozenset(named - {None}))
        put(self, "icmp_types", frozenset(types))
        put(self, "_by_question", {asked: tuple(rules) for asked, rules in by_question.items()})

    def rules_for(self, direction: Direction, family: Family) -> tuple[Rule, ...]:
        """Return the rules of one direction and family, ordered by id."""
        return self._by_question.get((direction is Direction.INGRESS, family.bits), ())


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A named list of addresses, of either family, that rules may name as their remote."""

    id: str
    name: str
    addresses: tuple[Prefix, ...] = ()
    """As :func:`in_order` has them, so that equal groups are equal values."""


def in_order(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Return the prefixes by family, address and length, each once."""
    return tuple(sorted(set(prefixes), key=lambda p: (p.family.version, p.value, p.length)))
