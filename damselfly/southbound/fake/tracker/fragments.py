"""Fragments wait here until their datagram can be looked up as a whole.

Source: the switch itself: its limits, what counts as too small, what as overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from damselfly.flow.field import CtState
from damselfly.southbound.fake.packet import Packet
from damselfly.southbound.frame import dissect
from damselfly.southbound.frame.checksum import checksum
from damselfly.southbound.frame.layers import IPV4, IPV6

_MAX_WAITING = 1000
_MIN_SIZE = {IPV4: 1200, IPV6: 1280}
"""Bytes of IP packet; smaller fragments, but for the last one, are invalid."""
_MAX_PARTS_V4 = 57
_MORE_V4, _OFFSET_V4 = 0x2000, 0x1FFF
_MORE_V6, _OFFSET_V6 = 0x1, 0xFFF8


@dataclass(slots=True)
class _Part:
    packet: Packet
    first: int
    """Offset of the part's first byte."""
    behind: int
    """Offset behind its last byte."""
    is_last: bool


@dataclass(slots=True)
class _Datagram:
    parts: list[_Part] = field(default_factory=list)
    is_broken: bool = False

    @property
    def is_whole(self) -> bool:
        """Tell whether the parts, in order, leave no gap."""
        parts = self.parts
        return (
            parts[0].first == 0
            and parts[-1].is_last
            and all(a.behind == b.first for a, b in pairwise(parts))
        )


class Fragments:
    """Datagrams that are not whole yet."""

    def __init__(self) -> None:
        self._datagrams: dict[tuple[object, ...], _Datagram] = {}
        self._waiting = 0

    def admit(self, packet: Packet, zone: int) -> tuple[Packet, list[Packet]] | None:
        """Return the packet to look up, and the fragments that go on in its stead (or none).

        None if the packet is a fragment that waits for others.  A fragment that cannot be accepted
        is marked invalid and goes on by itself.
        """
        if not packet.layers.fields.get("nw_frag"):
            return packet, []
        part = _read(packet)
        if part is None:
            packet.tracking.state = CtState.INV
            return packet, []
        if self._waiting >= _MAX_WAITING:
            return packet, []
        key = (zone, packet.origin, *_identity(packet))
        datagram = self._datagrams.setdefault(key, _Datagram())
        if any(_overlap(part, other) for other in datagram.parts):
            packet.tracking.state = CtState.INV
            return packet, []
        datagram.parts.append(part)
        datagram.parts.sort(key=lambda each: each.first)
        self._waiting += 1
        if not datagram.is_whole:
            return None
        del self._datagrams[key]
        self._waiting -= len(datagram.parts)
        return _reassemble(datagram), [each.packet for each in datagram.parts]


def _read(packet: Packet) -> _Part | None:
    """Place the fragment in its datagram; None if it is malformed or too small."""
    layers, frame = packet.layers, packet.data
    if not layers.transport:
        return None
    at = layers.network
    size = layers.end - at
    if layers.fields["dl_type"] == IPV4:
        if checksum(frame[at : layers.transport]):
            return None
        where = int.from_bytes(frame[at + 6 : at + 8])
        more, first = bool(where & _MORE_V4), (where & _OFFSET_V4) * 8
    else:
        where = int.from_bytes(frame[layers.fragment + 2 : layers.fragment + 4])
        more, first = bool(where & _MORE_V6), where & _OFFSET_V6
    if more and size < _MIN_SIZE[layers.fields["dl_type"]]:
        return None
    return _Part(packet.copy(), first, first + layers.end - layers.transport, not more)


def _identity(packet: Packet) -> tuple[int | bytes, ...]:
    layers, frame = packet.layers, packet.data
    fields, at = layers.fields, layers.network
    if fields["dl_type"] == IPV4:
        number = frame[at + 4 : at + 6]
        return fields["nw_src"], fields["nw_dst"], number, fields["nw_proto"]
    number = frame[layers.fragment + 4 : layers.fragment + 8]
    return fields["ipv6_src"], fields["ipv6_dst"], number


def _overlap(part: _Part, other: _Part) -> bool:
    return other.first <= part.first < other.behind or other.first < part.behind <= other.behind


def _reassemble(datagram: _Datagram) -> Packet:
    """Build the datagram from its parts, with the headers of the first."""
    first = datagram.parts[0].packet
    layers = first.layers
    body = b"".join(
        part.packet.data[part.packet.layers.transport : part.packet.layers.end]
        for part in datagram.parts
    )
    head = bytearray(first.data[: layers.transport])
    at = layers.network
    if layers.fields["dl_type"] == IPV4:
        head[at + 2 : at + 4] = (len(head) - at + len(body)).to_bytes(2)
        head[at + 6 : at + 8] = bytes(2)
        head[at + 10 : at + 12] = bytes(2)
        head[at + 10 : at + 12] = checksum(head[at:]).to_bytes(2)
    else:
        head[layers.fragment + 2 : layers.fragment + 4] = bytes(2)
        head[at + 4 : at + 6] = (len(head) - at - 40 + len(body)).to_bytes(2)
    whole = first.copy()
    whole.data = bytes(head) + body
    whole.layers = dissect(whole.data)
    return whole
