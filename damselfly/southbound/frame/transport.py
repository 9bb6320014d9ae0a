"""Transport headers: ports, ICMP types and codes, neighbour discovery.

Source: RFC 768, 792, 4443, 4861, 9260, 9293.
"""

from __future__ import annotations

from .layers import (
    ICMP,
    ICMPV6,
    IPV4,
    IPV6,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    SCTP,
    TCP,
    UDP,
    Layers,
)

_PORTS = {TCP: ("tcp", 20), UDP: ("udp", 8), SCTP: ("sctp", 12)}
_ICMP = {(IPV4, ICMP): "icmp", (IPV6, ICMPV6): "icmpv6"}
_ICMP_LENGTH = 8
_TARGET_END = 24
_OPTION_FIELDS = {1: "nd_sll", 2: "nd_tll"}


def read_transport(frame: bytes, layers: Layers) -> None:
    """Add ports, or type and code, of the transport header at ``layers.transport``."""
    fields, offset = layers.fields, layers.transport
    size = layers.end - offset
    protocol = fields["nw_proto"]
    if protocol in _PORTS:
        name, length = _PORTS[protocol]
        if size < length:
            layers.fault = f"{name} header cut short"
            return
        layers.has_ends = True
        fields[f"{name}_src"] = int.from_bytes(frame[offset : offset + 2])
        fields[f"{name}_dst"] = int.from_bytes(frame[offset + 2 : offset + 4])
        return
    icmp = _ICMP.get((fields["dl_type"], protocol))
    if icmp is None:
        return
    if size < _ICMP_LENGTH:
        layers.fault = f"{icmp} header cut short"
        return
    layers.has_ends = True
    fields[f"{icmp}_type"] = frame[offset]
    fields[f"{icmp}_code"] = frame[offset + 1]
    discovery = frame[offset] in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT)
    if icmp == "icmpv6" and discovery and frame[offset + 1] == 0:
        _read_discovery(frame, layers)


def discovery_options(frame: bytes, layers: Layers) -> list[tuple[int, int, int]]:
    """List type, offset and length in bytes of the options of a neighbour message.

    An option of impossible length ends the list and is noted as a fault.
    """
    options, offset = [], layers.transport + _TARGET_END
    while layers.end - offset >= 8:
        length = frame[offset + 1] * 8
        if length == 0 or length > layers.end - offset:
            layers.fault = "neighbour discovery option of impossible length"
            break
        options.append((frame[offset], offset, length))
        offset += length
    return options


def _read_discovery(frame: bytes, layers: Layers) -> None:
    offset, fields = layers.transport, layers.fields
    if layers.end - offset < _TARGET_END:
        layers.fault = "neighbour discovery message cut short"
        return
    fields["nd_target"] = int.from_bytes(frame[offset + 8 : offset + _TARGET_END])
    addresses: dict[str, int] = {}
    for kind, where, length in discovery_options(frame, layers):
        name = _OPTION_FIELDS.get(kind)
        if name is None or length != 8:
            continue
        if addresses.get(name, 0) != 0:
            layers.fault = f"{name} given twice"
            del fields["nd_target"]
            return
        addresses[name] = int.from_bytes(frame[where + 2 : where + 8])
    fields.update(addresses)
