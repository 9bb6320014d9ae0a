"""What one rule says, condition by condition (Neutron API, "Security group rules")."""

from __future__ import annotations

from dataclasses import dataclass

from damselfly.model.address import FAMILY_BY_VERSION, IPV6
from damselfly.model.group import (
    ICMP,
    ICMP_PROTOCOLS,
    ICMPV6,
    PORT_PROTOCOLS,
    PROTOCOL_NAMES,
    UNSEEN_PORTS,
    Rule,
)
from damselfly.model.intervals import IntervalSet
from damselfly.model.snapshot import Snapshot

TP_BITS = 16
ANY_TP = IntervalSet.everything(TP_BITS)
NOBODY = {family: IntervalSet(family.bits, (), ()) for family in FAMILY_BY_VERSION.values()}
EVERYWHERE = {family: IntervalSet.everything(family.bits) for family in FAMILY_BY_VERSION.values()}


@dataclass(frozen=True, slots=True)
class Box:
    """The packets of one address family that a rule admits: a product of one set per field.

    ``tp_src`` and ``tp_dst`` are as in :class:`~damselfly.model.packet.Packet`; for a rule that
    names no protocol, or one without ports, both are everything.
    """

    protocol: int | None
    tp_src: IntervalSet
    tp_dst: IntervalSet
    remote: IntervalSet


def protocol_of(rule: Rule) -> int | None:
    """Return the rule's IP protocol; ``icmp`` with IPv6 means ICMPv6, as in Neutron."""
    if rule.family is IPV6 and rule.protocol == ICMP:
        return ICMPV6
    return rule.protocol


def why_nothing(rule: Rule, snapshot: Snapshot) -> str | None:
    """Say why the rule matches nothing at all, or None where it can match.

    A condition that cannot hold, or that cannot be checked, never widens to "any".
    """
    protocol = protocol_of(rule)
    nobody = _why_nobody(rule, snapshot)
    if nobody is not None:
        return nobody
    if protocol in ICMP_PROTOCOLS and protocol != rule.family.icmp:
        return f"protocol {protocol} does not exist in {rule.family.name}"
    return _why_no_ports(rule, protocol)


def box(rule: Rule, snapshot: Snapshot) -> Box | None:
    """Return what the rule admits; None where :func:`why_nothing` has a reason."""
    if why_nothing(rule, snapshot) is not None:
        return None
    protocol = protocol_of(rule)
    low, high = rule.port_range_min, rule.port_range_max
    tp_src = tp_dst = ANY_TP
    if protocol in ICMP_PROTOCOLS:
        tp_src = ANY_TP if low is None else IntervalSet.single(TP_BITS, low)
        tp_dst = ANY_TP if high is None else IntervalSet.single(TP_BITS, high)
    elif low is not None or high is not None:
        tp_dst = IntervalSet.of(TP_BITS, [_ports(low, high)])
    return Box(protocol, tp_src, tp_dst, remote_of(rule, snapshot))


def remote_of(rule: Rule, snapshot: Snapshot) -> IntervalSet:
    """Return the addresses of the far ends that the rule means; nobody is in an unknown group."""
    group, listed, family = rule.remote_group_id, rule.remote_address_group_id, rule.family
    if group is not None:
        return snapshot.members(group, family) if group in snapshot.groups else NOBODY[family]
    if listed is not None:
        return snapshot.addresses(listed, family)
    prefix = rule.remote_ip_prefix
    if prefix is None or prefix.length == 0:
        return EVERYWHERE[family]
    return IntervalSet(family.bits, (prefix.first,), (prefix.last,))


def _why_nobody(rule: Rule, snapshot: Snapshot) -> str | None:
    """Say why no address is the remote that the rule names."""
    group, listed, family = rule.remote_group_id, rule.remote_address_group_id, rule.family
    if rule.remote_ip_prefix is not None and rule.remote_ip_prefix.family is not family:
        return f"remote_ip_prefix {rule.remote_ip_prefix} is not {family.name}"
    if group is not None:
        if group not in snapshot.groups:
            return f"remote group {group} is not known"
        if not snapshot.members(group, family):
            return f"remote group {group} has no {family.name} member"
    if listed is not None:
        if listed not in snapshot.address_groups:
            return f"address group {listed} is not known"
        if not snapshot.addresses(listed, family):
            return f"address group {listed} has no {family.name} address"
    return None


def _ports(low: int | None, high: int | None) -> tuple[int, int]:
    return (0 if low is None else low, 0xFFFF if high is None else high)


def _why_no_ports(rule: Rule, protocol: int | None) -> str | None:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None and high is None:
        return None
    if protocol in ICMP_PROTOCOLS:
        return "an ICMP code needs a type" if low is None else None
    if protocol not in PORT_PROTOCOLS:
        return "ports need a protocol that has ports"
    if _ports(low, high) == (0, 0xFFFF) or protocol not in UNSEEN_PORTS:
        return None if _ports(low, high)[0] <= _ports(low, high)[1] else "the port range is empty"
    return f"the switch does not see the ports of {PROTOCOL_NAMES[protocol]}"
