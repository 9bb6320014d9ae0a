"""Frames for a load: as many as asked for, each with its own addresses and ports, fast to make."""

from __future__ import annotations

import struct
from typing import NamedTuple

TCP, UDP = 6, 17
_SYN = 0x02


class Ends(NamedTuple):
    """Who sends a load to whom."""

    source_mac: int
    destination_mac: int
    destination: int


def frame(ends: Ends, protocol: int, source: int, source_port: int, port: int) -> bytes:
    """Return an Ethernet frame with a UDP datagram or a TCP SYN (RFC 768, RFC 9293) over IPv4."""
    addresses = struct.pack("!II", source, ends.destination)
    if protocol == UDP:
        segment = struct.pack("!HHHH", source_port, port, 8, 0)
    else:
        segment = struct.pack("!HHIIBBHHH", source_port, port, 1, 0, 5 << 4, _SYN, 1024, 0, 0)
        pseudo = addresses + struct.pack("!BBH", 0, protocol, len(segment))
        segment = _summed(segment, 16, checksum(pseudo + segment))
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, protocol, 0) + addresses
    ethernet = ends.destination_mac.to_bytes(6) + ends.source_mac.to_bytes(6) + b"\x08\x00"
    return ethernet + _summed(header, 10, checksum(header)) + segment


def checksum(data: bytes) -> int:
    """Return the Internet checksum of an even number of bytes (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def _summed(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + value.to_bytes(2) + data[place + 2 :]
