"""The specification: what the policy says of one packet at one port, told as plainly as possible.

Everything else that judges (regions, flows) is held equal to this by property tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from damselfly.model.address import Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, Rule
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import two_kinds

from .meaning import protocol_of, why_nothing


class Decision(NamedTuple):
    """The answer; ``rule`` is the one that decided, None where no rule admits or none is asked."""

    allowed: bool
    rule: Rule | None = None


def decide(snapshot: Snapshot, port: Port, direction: Direction, packet: Packet) -> Decision:
    """Judge the packet that opens a connection, by the rules of the port in that direction.

    At a stateless port, every packet is judged so, for itself.

    Rules only ever allow; what none admits is denied.  Where several admit, the first in the
    order of :func:`rules_of` is named.  A port without port security admits everything.
    """
    if why_closed(snapshot, port) is not None:
        return Decision(allowed=False)
    if not port.port_security_enabled:
        return Decision(allowed=True)
    for rule in rules_of(snapshot, port.security_groups, direction, packet.family):
        if admits(rule, direction, packet, snapshot):
            return Decision(allowed=True, rule=rule)
    return Decision(allowed=False)


def why_closed(snapshot: Snapshot, port: Port) -> str | None:
    """Say why nothing of the port passes, whatever the rules say; None where they are asked."""
    return snapshot.closed.get(port.id) or two_kinds(snapshot, port)


def admits(rule: Rule, direction: Direction, packet: Packet, snapshot: Snapshot) -> bool:
    """Tell whether every condition of the rule holds; an absent condition always does."""
    return (
        rule.direction is direction
        and rule.family is packet.family
        and why_nothing(rule, snapshot) is None
        and protocol_of(rule) in (None, packet.protocol)
        and _admits_ports(rule, packet)
        and _admits_remote(rule, packet.remote(direction), snapshot)
    )


def rules_of(
    snapshot: Snapshot, groups: tuple[str, ...], direction: Direction, family: Family
) -> Iterator[Rule]:
    """Yield the groups' rules for a direction and family: fewest conditions first, then id."""
    rules = (
        rule
        for group_id in groups
        if group_id in snapshot.groups
        for rule in snapshot.groups[group_id].rules
        if rule.direction is direction and rule.family is family
    )
    return iter(sorted(rules, key=lambda rule: (_conditions(rule), rule.id)))


def _admits_ports(rule: Rule, packet: Packet) -> bool:
    low, high = rule.port_range_min, rule.port_range_max
    if packet.fragment and protocol_of(rule) in ICMP_PROTOCOLS:
        return low is None
    if packet.fragment:
        return low in (None, 0) and high in (None, 0xFFFF)
    if packet.protocol in ICMP_PROTOCOLS:
        return low in (None, packet.tp_src) and high in (None, packet.tp_dst)
    return (low is None or low <= packet.tp_dst) and (high is None or packet.tp_dst <= high)


def _admits_remote(rule: Rule, remote: int, snapshot: Snapshot) -> bool:
    if rule.remote_group_id is not None:
        return remote in snapshot.members(rule.remote_group_id, rule.family)
    if rule.remote_address_group_id is not None:
        named = snapshot.address_groups[rule.remote_address_group_id].addresses
        return any(remote in prefix for prefix in named if prefix.family is rule.family)
    return rule.remote_ip_prefix is None or remote in rule.remote_ip_prefix


def _conditions(rule: Rule) -> int:
    absent = (
        rule.protocol,
        rule.port_range_min,
        rule.port_range_max,
        rule.remote_ip_prefix,
        rule.remote_group_id,
        rule.remote_address_group_id,
    )
    return len(absent) - absent.count(None)
