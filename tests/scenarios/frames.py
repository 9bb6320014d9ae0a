"""Frames as a VM sends them, built for speed: Hypothesis pushes very many through the switch."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from damselfly.model.address import IPV4, IPV6, Family
from damselfly.model.group import ICMP, ICMPV6, SCTP, TCP, UDP
from damselfly.model.packet import Packet

SYN, SYN_ACK, ACK, FIN_ACK, RST = 0x02, 0x12, 0x10, 0x11, 0x04


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: who it is from and to on the wire, and the IP packet in it."""

    source_mac: int
    destination_mac: int
    packet: Packet
    flags: int = SYN
    payload: bytes = b""

    def bytes(self) -> bytes:
        """Return the frame as it goes over the wire."""
        ethertype = self.packet.family.ethertype
        head = struct.pack(
            "!6s6sH",
            self.destination_mac.to_bytes(6),
            self.source_mac.to_bytes(6),
            ethertype,
        )
        return head + _ip(self.packet, _transport(self))

    def reply(self, flags: int = SYN_ACK) -> Frame:
        """Return the frame that answers this one."""
        p = self.packet
        if p.protocol in (ICMP, ICMPV6):
            ports = (_ECHO_REPLY[p.protocol], 0)
        else:
            ports = (p.tp_dst, p.tp_src)
        turned = Packet(p.family, p.protocol, p.destination, p.source, *ports)
        return replace(
            self,
            source_mac=self.destination_mac,
            destination_mac=self.source_mac,
            packet=turned,
            flags=flags,
        )

    def error(self, source: int) -> Frame:
        """Return the ICMP "port unreachable" or "packet too big"-like error that quotes this."""
        p = self.packet
        kind = (3, 3) if p.family is IPV4 else (1, 4)
        quoted = _ip(p, _transport(self))
        packet = Packet(p.family, p.family.icmp, source, p.source, *kind)
        return replace(
            self,
            source_mac=self.destination_mac,
            destination_mac=self.source_mac,
            packet=packet,
            payload=quoted,
        )


_ECHO_REPLY = {ICMP: 0, ICMPV6: 129}


def _transport(frame: Frame) -> bytes:
    p = frame.packet
    if p.protocol == TCP:
        body = struct.pack("!HHIIBBHHH", p.tp_src, p.tp_dst, 1, 1, 0x50, frame.flags, 8192, 0, 0)
        return _sealed(p, body + frame.payload, 16)
    if p.protocol == UDP:
        body = struct.pack("!HHHH", p.tp_src, p.tp_dst, 8 + len(frame.payload), 0)
        return _sealed(p, body + frame.payload, 6)
    if p.protocol == SCTP:
        return struct.pack("!HHII", p.tp_src, p.tp_dst, 1, 0) + frame.payload
    if p.protocol in (ICMP, ICMPV6):
        rest = frame.payload or b"ping"
        body = struct.pack("!BBHI", p.tp_src, p.tp_dst, 0, 0x00010001 if not frame.payload else 0)
        return _sealed(p, body + rest, 2)
    return b"whatever" + frame.payload


def _sealed(p: Packet, body: bytes, place: int) -> bytes:
    """Fill in the transport checksum (RFC 1071; RFC 8200, section 8.1)."""
    pseudo = b""
    if p.protocol != ICMP:
        width = p.family.bits // 8
        pseudo = p.source.to_bytes(width) + p.destination.to_bytes(width)
        pseudo += struct.pack("!II", len(body), p.protocol)
    total = checksum(pseudo + body) or 0xFFFF
    return body[:place] + total.to_bytes(2) + body[place + 2 :]


def _ip(p: Packet, body: bytes) -> bytes:
    if p.family is IPV4:
        head = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 7, 0, 64, p.protocol, 0,
            p.source.to_bytes(4), p.destination.to_bytes(4),
        )  # fmt: skip
        return head[:10] + checksum(head).to_bytes(2) + head[12:] + body
    return (
        struct.pack("!IHBB", 0x60000000, len(body), p.protocol, 64)
        + p.source.to_bytes(16)
        + p.destination.to_bytes(16)
        + body
    )


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~int(total) & 0xFFFF


def family_of(address: str) -> Family:
    """Return the family of an address as it is written."""
    return IPV6 if ":" in address else IPV4
