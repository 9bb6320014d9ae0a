"""Random packets, drawn where a policy changes its mind: at the edges of what its rules name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from random import Random
from typing import NamedTuple

from damselfly.model.address import IPV6, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, SCTP, TCP, UDP, Rule
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.pipeline.view import HostView
from damselfly.policy.decision import rules_of

_GRE = 47
_OTHERS = (0, 2, _GRE, 50, 112, 255)
_EXTENSIONS = frozenset((0, 43, 44, 51, 60))
"""Numbers that IPv6 has for headers before the protocol's."""
_ICMP_TYPES = (0, 3, 8, 11, 13, 17, 40, 128, 129, 133, 200)


class Drawn(NamedTuple):
    """A packet, who sends it and to whom."""

    sender: Port
    receiver: Port
    mac: int
    """The source MAC, which need not be the sender's own."""
    packet: Packet


class Draws:
    """Draws packets between the ports of one host."""

    def __init__(self, view: HostView, random: Random) -> None:
        self._view = view
        self._random = random
        self._pairs = list(_pairs(view))

    @property
    def is_possible(self) -> bool:
        """Whether two ports of this host can reach each other at all."""
        return bool(self._pairs)

    def draw(self) -> Drawn:
        """Draw a packet."""
        random = self._random
        sender, receiver, family = random.choice(self._pairs)
        mac, source = self._source(sender, family)
        # What lets everything out is common, and says little of where the edges are.
        asked = (
            (receiver, Direction.INGRESS) if random.random() < 0.7 else (sender, Direction.EGRESS)
        )
        rules = self._rules(*asked, family)
        rule = random.choice(rules) if rules and random.random() < 0.9 else None
        protocol = self._protocol(rule, family)
        destination = random.choice(_addresses(receiver, family))
        packet = Packet(family, protocol, source, destination, *self._ends(rule, protocol))
        return Drawn(sender, receiver, mac, packet)

    def _rules(self, port: Port, direction: Direction, family: Family) -> list[Rule]:
        return list(rules_of(self._view.snapshot, port.security_groups, direction, family))

    def _source(self, sender: Port, family: Family) -> tuple[int, int]:
        """Return a MAC and an address: mostly the port's own, now and then nobody's."""
        random = self._random
        pairs = [(mac, prefix) for mac, prefix in sender.sources() if prefix.family is family]
        if random.random() < 0.05 or not pairs:
            return sender.mac, random.getrandbits(family.bits)
        mac, prefix = random.choice(pairs)
        return mac, _within(prefix, random)

    def _protocol(self, rule: Rule | None, family: Family) -> int:
        random = self._random
        if rule is None or rule.protocol is None or random.random() < 0.1:
            protocol = random.choice((TCP, TCP, UDP, UDP, family.icmp, SCTP, *_OTHERS))
        else:
            protocol = family.icmp if rule.protocol in ICMP_PROTOCOLS else rule.protocol
        return _GRE if family is IPV6 and protocol in _EXTENSIONS else protocol

    def _ends(self, rule: Rule | None, protocol: int) -> tuple[int, int]:
        """Return ports, or type and code: at the edges of the rule, or anywhere."""
        random = self._random
        low = None if rule is None else rule.port_range_min
        high = None if rule is None else rule.port_range_max
        if protocol in ICMP_PROTOCOLS:
            kind = random.choice(_ICMP_TYPES) if low is None or random.random() < 0.4 else low
            code = 0 if high is None or random.random() < 0.4 else high
            return min(kind, 255), min(code, 255)
        if protocol not in (TCP, UDP, SCTP):
            # What else has ports hides them from the switch.
            return 0, 0
        edges = [edge for end in (low, high) if end is not None for edge in (end - 1, end, end + 1)]
        port = random.choice(edges) if edges and random.random() < 0.8 else random.randrange(65536)
        # The tracker calls packets with port 0 invalid.
        return random.randrange(1, 65536), min(max(port, 1), 0xFFFF)


def _pairs(view: HostView) -> Iterator[tuple[Port, Port, Family]]:
    for network in {local.port.network_id for local in view.local.values()}:
        for one, other in permutations(view.on_network(network), 2):
            for family in {prefix.family for prefix in one.port.fixed_ips}:
                if _addresses(other.port, family):
                    yield one.port, other.port, family


def _addresses(port: Port, family: Family) -> list[int]:
    return [prefix.value for prefix in port.fixed_ips if prefix.family is family]


def _within(prefix: Prefix, random: Random) -> int:
    return prefix.value | random.getrandbits(prefix.family.bits) >> prefix.length
