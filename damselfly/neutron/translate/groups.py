"""Security groups, their rules, and address groups."""

from __future__ import annotations

from damselfly.errors import BadInput
from damselfly.model.address import FAMILY_BY_NAME
from damselfly.model.direction import Direction
from damselfly.model.group import (
    DCCP,
    PROTOCOL_NAMES,
    PROTOCOL_NUMBERS,
    UDPLITE,
    AddressGroup,
    Rule,
    SecurityGroup,
    in_order,
)
from damselfly.northbound.codec.rules import canonical, faults

from .values import Fields, label, prefix

_ANY = (None, "", "any")
"""How Neutron says that a rule is for every protocol."""
_UNSEEN = frozenset({DCCP, UDPLITE})
"""Protocols whose ports neither OpenFlow nor its connection tracking can match."""


def group(fields: Fields) -> SecurityGroup:
    """Return the group's header; its rules are resources of their own."""
    stateful = fields.get("stateful")
    return SecurityGroup(
        fields["id"], label(fields.get("name")), stateful=stateful is None or bool(stateful)
    )


def rule(fields: Fields) -> Rule:
    """Return the rule, in the one form that its meaning has.  Raises BadInput."""
    family = FAMILY_BY_NAME.get(fields["ethertype"])
    if family is None:
        raise BadInput(f"ethertype: {fields['ethertype']!r} is neither IPv4 nor IPv6")
    remote = fields.get("remote_ip_prefix")
    made = canonical(
        Rule(
            id=fields["id"],
            security_group_id=fields["security_group_id"],
            direction=Direction(fields["direction"]),
            family=family,
            protocol=protocol_number(fields.get("protocol")),
            port_range_min=fields.get("port_range_min"),
            port_range_max=fields.get("port_range_max"),
            remote_ip_prefix=None if not remote else prefix(remote, "remote_ip_prefix"),
            remote_group_id=fields.get("remote_group_id"),
            remote_address_group_id=fields.get("remote_address_group_id"),
        )
    )
    for field, message in faults(made):
        raise BadInput(f"{field}: {message}")
    return made


def protocol_number(value: object) -> int | None:
    """Read Neutron's protocol: a name, or a number as text; None for any.  Raises BadInput."""
    if value in _ANY:
        return None
    text = str(value).lower()
    named = PROTOCOL_NUMBERS.get(text)
    if named is not None:
        return named
    if text.isdecimal() and int(text) <= 255:
        return int(text)
    raise BadInput(f"protocol: {value!r} is no IP protocol")


def unkeepable(fields: Fields) -> str | None:
    """Say why the switch cannot keep a rule as it is meant; None where it can.

    Such a rule would match nothing.  Wider than meant it never gets.
    """
    number = protocol_number(fields.get("protocol"))
    if number not in _UNSEEN or fields.get("port_range_min") is None:
        return None
    name = PROTOCOL_NAMES[number]
    return (
        f"Open vSwitch cannot tell {name} connections apart by port; "
        f"accepted: a rule for all of {name}, without ports"
    )


def address_group(fields: Fields) -> AddressGroup:
    """Return the address group with what it lists.  Raises BadInput."""
    listed = (prefix(one, "addresses") for one in fields.get("addresses") or ())
    return AddressGroup(fields["id"], label(fields.get("name")), in_order(listed))
