"""The frame of a packet that opens a connection, or of the one that answers it."""

from __future__ import annotations

import struct
from typing import NamedTuple

from damselfly.model.address import IPV4
from damselfly.model.group import ICMP, ICMPV6, SCTP, TCP, UDP
from damselfly.model.packet import Packet
from damselfly.southbound.frame.checksum import CHECKSUM_AT, checksum

_SYN, _SYN_ACK = 0x02, 0x12
_ECHO_REPLY = {ICMP: 0, ICMPV6: 129}


class Wire(NamedTuple):
    """A packet between two MAC addresses."""

    source: int
    destination: int
    packet: Packet

    def frame(self, *, answers: bool = False) -> bytes:
        """Return the bytes; ``answers`` makes the packet the second one of its connection."""
        head = self.destination.to_bytes(6) + self.source.to_bytes(6)
        body = _transport(self.packet, _SYN_ACK if answers else _SYN)
        return head + self.packet.family.ethertype.to_bytes(2) + _ip(self.packet, body)

    def answer(self) -> Wire:
        """Return what the receiver sends back."""
        packet = self.packet.turned()
        if packet.protocol in _ECHO_REPLY:
            packet = packet._replace(tp_src=_ECHO_REPLY[packet.protocol], tp_dst=0)
        return Wire(self.destination, self.source, packet)


def _transport(packet: Packet, flags: int) -> bytes:
    ends = struct.pack("!HH", packet.tp_src, packet.tp_dst)
    if packet.protocol == TCP:
        body = ends + struct.pack("!IIBBHHH", 1, 1, 0x50, flags, 8192, 0, 0)
    elif packet.protocol == UDP:
        body = ends + struct.pack("!HH", 8, 0)
    elif packet.protocol == SCTP:
        return ends + struct.pack("!II", 1, 0)
    elif packet.protocol == packet.family.icmp:
        body = struct.pack("!BBHI", packet.tp_src, packet.tp_dst, 0, 0x10001) + b"ping"
    else:
        return bytes(8)
    at = CHECKSUM_AT[packet.protocol]
    return body[:at] + _sum(packet, body).to_bytes(2) + body[at + 2 :]


def _sum(packet: Packet, body: bytes) -> int:
    """Return the transport checksum (RFC 1071; RFC 8200, section 8.1)."""
    width = packet.family.bits // 8
    pseudo = packet.source.to_bytes(width) + packet.destination.to_bytes(width)
    pseudo += struct.pack("!II", len(body), packet.protocol)
    return checksum(body if packet.protocol == ICMP else pseudo + body) or 0xFFFF


def _ip(packet: Packet, body: bytes) -> bytes:
    width = packet.family.bits // 8
    ends = packet.source.to_bytes(width) + packet.destination.to_bytes(width)
    if packet.family is not IPV4:
        return struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, 64) + ends + body
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, packet.protocol, 0) + ends
    return head[:10] + checksum(head).to_bytes(2) + head[12:] + body
