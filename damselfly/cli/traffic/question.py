"""From what people say of a connection to the packet that opens it, and the ports at its ends."""

from __future__ import annotations

from dataclasses import dataclass

from damselfly.cli.naming import named
from damselfly.errors import BadInput
from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, Prefix, parse_address
from damselfly.model.group import ICMP, ICMP_PROTOCOLS, ICMPV6, PORT_PROTOCOLS
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.codec.values import protocol as read_protocol

_EPHEMERAL = 49152
"""Stands for the client's port: no rule can name it (RFC 6335, section 6)."""
_ECHO_REQUEST = {ICMP: 8, ICMPV6: 128}
_FAMILIES = {"4": IPV4, "6": IPV6, "ipv4": IPV4, "ipv6": IPV6}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a question, as typed."""

    source: str
    destination: str
    protocol: str
    port: int | None = None
    source_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A packet that opens a connection, and the ports it comes from and goes to, where known."""

    packet: Packet
    source: Port | None
    destination: Port | None
    arp: bool = False
    """It is ARP for the packet's addresses instead."""


@dataclass(frozen=True, slots=True)
class _End:
    port: Port | None
    addresses: tuple[Prefix, ...]


def connection(asked: Asked, view: Snapshot) -> Connection:
    """Understand a question.  Raises BadInput that says what is missing or contradicts itself."""
    source, destination = _end(view, asked.source), _end(view, asked.destination)
    if source.port is None and destination.port is None:
        raise BadInput(f"neither {asked.source} nor {asked.destination} belongs to a port")
    arp = asked.protocol.lower() == "arp"
    protocol = 0 if arp else _protocol(asked.protocol)
    family = IPV4 if arp else _family(asked, protocol, source, destination)
    if protocol in ICMP_PROTOCOLS:
        protocol = family.icmp
    tp_src, tp_dst = _tp(asked, protocol)
    packet = Packet(
        family,
        protocol,
        _address(asked.source, source, family),
        _address(asked.destination, destination, family),
        tp_src,
        tp_dst,
    )
    return Connection(packet, source.port, destination.port, arp)


def _end(view: Snapshot, text: str) -> _End:
    """Return the port of that name, id or address; an address that no port has is an outsider."""
    try:
        family, value = parse_address(text)
    except ValueError:
        port = named(view, keys.PORT, text)
        assert isinstance(port, Port)
        return _End(port, port.fixed_ips)
    address = Prefix(family, value, family.bits)
    owners = [port for port in view.ports.values() if address in port.fixed_ips]
    if not owners:
        owners = [port for port in view.ports.values() if _may_send(port, address)]
    if len(owners) > 1:
        names = ", ".join(sorted(port.id for port in owners))
        raise BadInput(f"{text} belongs to {len(owners)} ports; name one of them: {names}")
    return _End(owners[0] if owners else None, (address,))


def _may_send(port: Port, address: Prefix) -> bool:
    return any(address.value in prefix for prefix in port.prefixes(address.family))


def _protocol(text: str) -> int:
    try:
        return read_protocol(text)
    except ValueError as error:
        raise BadInput(f"--protocol: {error}") from None


def _family(asked: Asked, protocol: int, *ends: _End) -> Family:
    """Return the family that was asked for, or the first that both ends have."""
    if asked.family is not None:
        return _FAMILIES[asked.family.lower()]
    both = [
        family
        for family in FAMILIES
        if all(any(one.family is family for one in end.addresses) for end in ends)
    ]
    if protocol == ICMPV6:
        return IPV6
    if not both:
        raise BadInput(f"{asked.source} and {asked.destination} have no address family in common")
    return both[0]


def _address(text: str, end: _End, family: Family) -> int:
    found = next((one.value for one in end.addresses if one.family is family), None)
    if found is None:
        raise BadInput(f"{text} has no {family.name} address")
    return found


def _tp(asked: Asked, protocol: int) -> tuple[int, int]:
    """Return what stands for the ports; for ICMP type and code, an echo request by default."""
    if protocol in ICMP_PROTOCOLS:
        if asked.port is not None or asked.source_port is not None:
            raise BadInput("ICMP has no ports; accepted: --type and --code")
        if asked.icmp_type is None:
            return _ECHO_REQUEST[protocol], asked.icmp_code or 0
        return asked.icmp_type, asked.icmp_code or 0
    if asked.icmp_type is not None or asked.icmp_code is not None:
        raise BadInput("--type and --code are for ICMP")
    if protocol in PORT_PROTOCOLS:
        if asked.port is None:
            raise BadInput("--port is missing: the port that is connected to")
        return _EPHEMERAL if asked.source_port is None else asked.source_port, asked.port
    if asked.port is not None or asked.source_port is not None:
        raise BadInput(f"protocol {asked.protocol} has no ports")
    return 0, 0
