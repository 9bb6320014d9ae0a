"""The Internet checksum (RFC 1071) and who carries it where."""

from __future__ import annotations

from .layers import ICMP, ICMPV6, IPV4, TCP, UDP, Layers

CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}
"""Bytes from the start of the transport header, by protocol."""


def checksum(data: bytes | bytearray) -> int:
    """Return the Internet checksum; 0 for data that holds its own correct checksum."""
    total = int.from_bytes(data if len(data) % 2 == 0 else bytes(data) + b"\0")
    total %= 0xFFFF
    # A sum of all-one words is the other zero; only all-zero data sums to zero itself.
    if total == 0 and any(data):
        total = 0xFFFF
    return 0xFFFF - total


def pseudo_header(frame: bytes | bytearray, layers: Layers) -> bytes:
    """Return what TCP, UDP and ICMPv6 check beside their own bytes."""
    fields, offset = layers.fields, layers.network
    length = layers.end - layers.transport
    addresses = (
        frame[offset + 12 : offset + 20]
        if fields["dl_type"] == IPV4
        else frame[offset + 8 : offset + 40]
    )
    return bytes(addresses) + length.to_bytes(4) + fields["nw_proto"].to_bytes(4)


def transport_is_sound(frame: bytes | bytearray, layers: Layers) -> bool:
    """Tell whether the checksum of a TCP, UDP, ICMP or ICMPv6 packet is right."""
    body = frame[layers.transport : layers.end]
    pseudo = b"" if layers.fields["nw_proto"] == ICMP else pseudo_header(frame, layers)
    return checksum(pseudo + body) == 0


def amended(old: int, before: bytes, after: bytes) -> int:
    """Return a checksum for data in which some aligned words changed (RFC 1624).

    A wrong checksum stays as wrong as it was.
    """
    total = (0xFFFF - old) - int.from_bytes(before) % 0xFFFF + int.from_bytes(after) % 0xFFFF
    return 0xFFFF - (total % 0xFFFF or 0xFFFF)
