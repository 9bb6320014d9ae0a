"""Packets that the switch paused for the agent, and how they go on.

A packet comes as NXT_PACKET_IN2, a list of properties; the same list, sent back as NXT_RESUME, lets
it go on.  Source: ovs-actions(7), "The controller action"; ovs-fields(7) for the metadata.
"""

from __future__ import annotations

import struct

from damselfly.southbound.switch import PacketIn

from .match import decode_values
from .wire import NICIRA, VERSION, ProtocolError, Type, decoder

_HEADER = struct.Struct("!BBHIII")
_PROPERTY = struct.Struct("!HH")
_PACKET_IN2, _RESUME = 30, 28
_MARK = struct.pack("!II", NICIRA, _PACKET_IN2)
_NOTHING = (0, 0)
_PACKET, _TABLE, _COOKIE, _METADATA, _USERDATA, _CONTINUATION = 0, 3, 4, 6, 7, 8


def is_packet_in(message: bytes) -> bool:
    """Tell whether a message is an NXT_PACKET_IN2."""
    return message[8:16] == _MARK


@decoder
def decode_packet_in(message: bytes) -> PacketIn:
    """Decode a packet for the agent; raise ProtocolError for one that is cut off."""
    found: dict[int, tuple[int, int]] = {}
    start, size = _HEADER.size, len(message)
    while start < size:
        kind, length = _PROPERTY.unpack_from(message, start)
        end = start + length
        if length < _PROPERTY.size or end > size:
            raise ProtocolError(f"property {kind} of a packet is cut off")
        found[kind] = start + _PROPERTY.size, end
        start = end + (-length % 8)
    data, userdata = found.get(_PACKET, _NOTHING), found.get(_USERDATA, _NOTHING)
    table, cookie = found.get(_TABLE, _NOTHING), found.get(_COOKIE, _NOTHING)
    return PacketIn(
        table=int.from_bytes(message[slice(*table)], "big"),
        # Eight bytes, aligned to eight: four bytes of padding come first.
        cookie=int.from_bytes(message[slice(*cookie)], "big"),
        userdata=message[slice(*userdata)],
        metadata=decode_values(message, *found.get(_METADATA, _NOTHING)),
        data=message[slice(*data)],
        token=message if _CONTINUATION in found else None,
    )


def encode_resume(packet: PacketIn, xid: int) -> bytes:
    """Let the packet go on behind the action that paused it; ProtocolError if none did."""
    message = packet.token
    if not isinstance(message, bytes):
        raise ProtocolError("a packet that was not paused cannot go on")
    head = _HEADER.pack(VERSION, Type.EXPERIMENTER, len(message), xid, NICIRA, _RESUME)
    return head + message[_HEADER.size :]
