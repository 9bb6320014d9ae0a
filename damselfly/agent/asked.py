"""What a paused packet is judged by: the tracker's original tuple, or the frame itself."""

from __future__ import annotations

from damselfly.model.address import FAMILIES, Family
from damselfly.model.group import ICMP_PROTOCOLS, SCTP, TCP, UDP
from damselfly.model.packet import Packet
from damselfly.pipeline.sides import Basis
from damselfly.southbound.frame import MalformedFrame, parse
from damselfly.southbound.switch import PacketIn

_TUPLE_FIELDS: tuple[tuple[Family, str, str], ...] = (
    (FAMILIES[0], "ct_nw_src", "ct_nw_dst"),
    (FAMILIES[1], "ct_ipv6_src", "ct_ipv6_dst"),
)
_FRAME_FIELDS: tuple[tuple[Family, str, str], ...] = (
    (FAMILIES[0], "nw", "icmp"),
    (FAMILIES[1], "ipv6", "icmpv6"),
)
_PORT_FIELDS = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}


def packet_of(packet_in: PacketIn, basis: Basis) -> Packet | None:
    """Return the packet to judge; None where tuple or frame cannot be read."""
    if basis.is_connection:
        return _from_tuple(packet_in)
    packet = _from_frame(packet_in, fragment=basis.is_fragment)
    return packet.turned() if packet is not None and basis.is_answer else packet


def _from_tuple(packet_in: PacketIn) -> Packet | None:
    """Return the packet that opened the connection, from the tracker's original tuple."""
    seen = packet_in.metadata
    protocol = seen.get("ct_nw_proto", 0)
    if not protocol:
        return None
    for family, source, destination in _TUPLE_FIELDS:
        if source in seen or destination in seen:
            return Packet(
                family,
                protocol,
                seen.get(source, 0),
                seen.get(destination, 0),
                seen.get("ct_tp_src", 0),
                seen.get("ct_tp_dst", 0),
            )
    return None


def _from_frame(packet_in: PacketIn, *, fragment: bool) -> Packet | None:
    """Return the packet as it stands in the frame; of a fragment, without what the switch hides."""
    try:
        seen = parse(packet_in.data)
    except MalformedFrame:
        return None
    for family, prefix, icmp in _FRAME_FIELDS:
        if seen.get("dl_type") == family.ethertype:
            protocol = seen.get("nw_proto", 0)
            names = f"{icmp}_type", f"{icmp}_code"
            if protocol not in ICMP_PROTOCOLS:
                name = _PORT_FIELDS.get(protocol, "")
                names = f"{name}_src", f"{name}_dst"
            ends = (0, 0) if fragment else (seen.get(names[0], 0), seen.get(names[1], 0))
            addresses = seen.get(f"{prefix}_src", 0), seen.get(f"{prefix}_dst", 0)
            return Packet(family, protocol, *addresses, *ends, fragment)
    return None
