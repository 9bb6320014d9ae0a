"""What makes a security group rule meaningless, whatever file or store it comes from.

The conditions are those of Neutron's API ("Security group rules").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from damselfly.model.address import IPV6
from damselfly.model.group import (
    ICMP,
    ICMP_PROTOCOLS,
    ICMPV6,
    PORT_PROTOCOLS,
    PROTOCOL_NAMES,
    Rule,
)

_REMOTES = ("remote_ip_prefix", "remote_group_id", "remote_address_group_id")


class Fault(NamedTuple):
    """A field that cannot mean anything, and why."""

    field: str
    message: str


def canonical(rule: Rule) -> Rule:
    """Return the rule with the one protocol number it means: ``icmp`` in IPv6 is ICMPv6."""
    if rule.family is IPV6 and rule.protocol == ICMP:
        return replace(rule, protocol=ICMPV6)
    return rule


def faults(rule: Rule) -> Iterator[Fault]:
    """Yield everything that is wrong with a rule whose single fields are fine."""
    yield from _remote_faults(rule)
    if rule.protocol in ICMP_PROTOCOLS and rule.protocol != rule.family.icmp:
        yield Fault(
            "protocol",
            f"{PROTOCOL_NAMES[rule.protocol]} does not exist in {rule.family.name}; "
            f"accepted there: {PROTOCOL_NAMES[rule.family.icmp]}",
        )
    if rule.port_range_min is None and rule.port_range_max is None:
        return
    if rule.protocol in ICMP_PROTOCOLS:
        yield from _icmp_faults(rule)
    else:
        yield from _port_faults(rule)


def _remote_faults(rule: Rule) -> Iterator[Fault]:
    given = [field for field in _REMOTES if getattr(rule, field) is not None]
    if len(given) > 1:
        yield Fault(given[1], f"cannot stand beside {given[0]}; accepted: one remote, or none")
    prefix = rule.remote_ip_prefix
    if prefix is not None and prefix.family is not rule.family:
        yield Fault(
            "remote_ip_prefix",
            f"{prefix} is {prefix.family.name} but the rule's ethertype is {rule.family.name}; "
            "accepted: a prefix of the rule's own family",
        )


def _icmp_faults(rule: Rule) -> Iterator[Fault]:
    if rule.port_range_min is None:
        yield Fault("port_range_max", "an ICMP code needs a type; accepted: both, or a type alone")
    for field, name in (("port_range_min", "type"), ("port_range_max", "code")):
        value = getattr(rule, field)
        if value is not None and value > 255:
            yield Fault(field, f"{value} is no ICMP {name}; accepted: 0 to 255")


def _port_faults(rule: Rule) -> Iterator[Fault]:
    first, last = rule.port_range_min, rule.port_range_max
    if rule.protocol not in PORT_PROTOCOLS:
        what = "a rule for any protocol" if rule.protocol is None else _named(rule.protocol)
        accepted = ", ".join(sorted(PROTOCOL_NAMES[number] for number in PORT_PROTOCOLS))
        field = "port_range_min" if first is not None else "port_range_max"
        yield Fault(field, f"{what} has no ports; accepted with ports: protocol {accepted}")
    elif first is None or last is None:
        missing = "port_range_min" if first is None else "port_range_max"
        yield Fault(missing, "is missing; accepted: both ends of the range, equal for one port")
    elif first > last:
        yield Fault(
            "port_range_min",
            f"the range {first} to {last} is upside down; accepted: port_range_min not above "
            "port_range_max",
        )


def _named(number: int) -> str:
    return f"protocol {PROTOCOL_NAMES.get(number, number)}"
