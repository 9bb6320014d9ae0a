"""Single values at the border: each says what is accepted where it refuses."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, PlainValidator, StringConstraints

from damselfly.model.address import (
    FAMILY_BY_NAME,
    IPV4,
    IPV6,
    Family,
    Prefix,
    parse_address,
    parse_mac,
)
from damselfly.model.direction import Direction
from damselfly.model.group import PROTOCOL_NUMBERS

_PREFIX = re.compile(r"[0-9a-fA-F:.]+(/[0-9]{1,3})?")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
_GROUP_BIT = 1 << 40
SPECIAL = {
    "multicast": (Prefix.parse("224.0.0.0/4"), Prefix.parse("ff00::/8")),
    "unspecified": (Prefix(IPV4, 0, IPV4.bits), Prefix(IPV6, 0, IPV6.bits)),
    "broadcast": (Prefix.parse("255.255.255.255"),),
}
"""Addresses that no network card can own, by what they are called."""


def prefix(value: object) -> Prefix:
    """Read a prefix or an address; host bits are cleared."""
    if isinstance(value, str) and _PREFIX.fullmatch(value):
        try:
            if "/" in value:
                return Prefix.parse(value)
            kind, number = parse_address(value)
            return Prefix(kind, number, kind.bits)
        except ValueError:
            pass
    raise ValueError(
        f"{_said(value)} is no IP prefix; accepted: an IPv4 or IPv6 prefix or address "
        "such as 10.0.0.0/24, 10.0.0.7 or fd00::/64"
    )


def address(value: object) -> Prefix:
    """Read one address, as a prefix of full length."""
    if isinstance(value, str) and "/" not in value:
        try:
            return prefix(value)
        except ValueError:
            pass
    raise ValueError(
        f"{_said(value)} is no IP address; accepted: one IPv4 or IPv6 address "
        "such as 10.0.0.7 or fd00::7"
    )


def own_address(value: object) -> Prefix:
    """Read an address that a network card can own: neither multicast nor unspecified."""
    read = address(value)
    for name, prefixes in SPECIAL.items():
        if any(read.family is other.family and read.value in other for other in prefixes):
            raise ValueError(f"{read} is {name}; accepted: an address that a port can own")
    return read


def mac(value: object) -> int:
    """Read the MAC of a network card: neither multicast nor zero."""
    try:
        read = parse_mac(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(
            f"{_said(value)} is no MAC address; accepted: one like 02:00:00:00:00:01"
        ) from None
    if read == 0 or read & _GROUP_BIT:
        kind = "zero" if read == 0 else "a multicast address"
        raise ValueError(f"{value} is {kind}; accepted: the MAC of one card")
    return read


def protocol(value: object) -> int:
    """Read an IP protocol by name or number, the number written as text or not."""
    if isinstance(value, str):
        named = PROTOCOL_NUMBERS.get(value.lower())
        if named is not None:
            return named
        value = int(value) if _NUMBER.fullmatch(value) else value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    raise ValueError(
        f"{_said(value)} is no IP protocol; accepted: 0 to 255 or one of "
        + ", ".join(sorted(PROTOCOL_NUMBERS))
    )


def family(value: object) -> Family:
    """Read Neutron's ``ethertype``."""
    found = FAMILY_BY_NAME.get(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{_said(value)} is no ethertype; accepted: IPv4, IPv6")
    return found


def direction(value: object) -> Direction:
    """Read a rule's direction."""
    if value not in ("ingress", "egress"):
        raise ValueError(f"{_said(value)} is no direction; accepted: ingress, egress")
    return Direction(value)


def _said(value: object) -> str:
    return "nothing" if value is None else repr(value)


PrefixValue = Annotated[Prefix, PlainValidator(prefix)]
AddressValue = Annotated[Prefix, PlainValidator(address)]
OwnAddressValue = Annotated[Prefix, PlainValidator(own_address)]
MacValue = Annotated[int, PlainValidator(mac)]
ProtocolValue = Annotated[int, PlainValidator(protocol)]
FamilyValue = Annotated[Family, PlainValidator(family)]
DirectionValue = Annotated[Direction, PlainValidator(direction)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
TransportPort = Annotated[int, Field(ge=0, le=0xFFFF)]
SegmentationId = Annotated[int, Field(ge=1, le=(1 << 24) - 1)]
OwnNumber = Annotated[int, Field(ge=0, le=(1 << 24) - 1)]
"""A segmentation id, or 0 where a network has none."""
Mtu = Annotated[int, Field(ge=0, le=0x7FFFFFFF)]
