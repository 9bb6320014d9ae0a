"""What the switch is and has: flows with their counters, meters and theirs (multipart messages).

A long answer comes in parts; each part is a message that holds whole entries.
Source: OpenFlow 1.3.5, 7.3.5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

from damselfly.flow.action import Action, Foreign
from damselfly.flow.flow import Flow, MeterBand
from damselfly.southbound.switch import EVERYTHING, FlowStats, MeterStats, Part

from .actions import decode_instructions
from .match import decode_match, encode_match
from .wire import Port, ProtocolError, Type, decoder, message

_HEAD = struct.Struct("!HH4x")
_BODY = 16
"""Where the entries begin in a message."""
_DATAPATH_ID = struct.Struct("!Q")
_MORE = 1
_ALL, _ALL_TABLES = 0xFFFFFFFF, 0xFF
_FLOW = struct.Struct("!2xBx8xHHHH4xQQQHH")
_FLOW_FIXED = 48
_COUNT = struct.Struct("!16xI4x")
_LIMIT = struct.Struct("!I")
_METER_STATS = struct.Struct("!I12xQ16x")
_METER_CONFIG = struct.Struct("!HHI")
_BAND = struct.Struct("!HHII4x")
_BAND_COUNT = struct.Struct("!QQ")
_PACKETS_PER_SECOND, _DROP = 0x2, 1


class Kind(IntEnum):
    """What a multipart message is about (OFPMP_*)."""

    FLOWS = 1
    AGGREGATE = 2
    METERS = 9
    METER_CONFIG = 10
    METER_FEATURES = 11


def flows_request(xid: int, cookie: int = 0, mask: int = 0, part: Part = EVERYTHING) -> bytes:
    """Ask for the flows whose cookie is this one under the mask; of all tables, or of a part."""
    return _flows_request(Kind.FLOWS, xid, (cookie, mask), part)


def count_request(xid: int, part: Part = EVERYTHING) -> bytes:
    """Ask how many flows there are, in all tables or in a part."""
    return _flows_request(Kind.AGGREGATE, xid, (0, 0), part)


def _flows_request(kind: Kind, xid: int, cookie: tuple[int, int], part: Part) -> bytes:
    table = _ALL_TABLES if part.table is None else part.table
    fixed = struct.pack("!B3xII4xQQ", table, Port.ANY, _ALL, *cookie)
    body = fixed + encode_match(part.within)
    return message(Type.MULTIPART_REQUEST, xid, _HEAD.pack(kind, 0) + body)


def meters_request(xid: int) -> bytes:
    """Ask for the settings of all meters."""
    return _all_meters(Kind.METER_CONFIG, xid)


def meter_stats_request(xid: int) -> bytes:
    """Ask for the counters of all meters."""
    return _all_meters(Kind.METERS, xid)


def _all_meters(kind: Kind, xid: int) -> bytes:
    return message(Type.MULTIPART_REQUEST, xid, _HEAD.pack(kind, 0) + struct.pack("!I4x", _ALL))


def meter_limit_request(xid: int) -> bytes:
    """Ask how many meters there may be."""
    return message(Type.MULTIPART_REQUEST, xid, _HEAD.pack(Kind.METER_FEATURES, 0))


@decoder
def decode_meter_limit(reply: bytes) -> list[int]:
    """Decode how many meters there may be, as the one entry of the answer."""
    return [*_LIMIT.unpack_from(reply, _BODY)]


@decoder
def decode_datapath_id(reply: bytes) -> int:
    """Decode the switch's own id, from the answer to a request for its features."""
    datapath_id: int = _DATAPATH_ID.unpack_from(reply, 8)[0]
    return datapath_id


def is_last(part: bytes) -> bool:
    """Tell whether no further part of this answer follows."""
    return len(part) < _BODY or not part[11] & _MORE


@decoder
def decode_count(reply: bytes) -> list[int]:
    """Decode the number of flows, as the one entry of the answer."""
    return [*_COUNT.unpack_from(reply, _BODY)]


@decoder
def decode_flows(part: bytes) -> list[FlowStats]:
    """Decode the flows in one part of the answer."""
    return [_decode_flow(part, start, stop) for start, stop in _entries(part, "!H", 0)]


def _decode_flow(part: bytes, start: int, stop: int) -> FlowStats:
    fixed = _FLOW.unpack_from(part, start)
    table, priority, idle, hard, flags, cookie, packets, count, kind, length = fixed
    begin = start + _FLOW_FIXED
    end = begin + length
    if kind != 1 or length < 4 or end > stop:
        raise ProtocolError(f"a flow has a match of type {kind} and {length} bytes")
    terms = decode_match(part, begin + 4, end)
    actions = decode_instructions(part[end + (-length % 8) : stop])
    if idle or hard or flags:
        actions = (*actions, _beyond(idle, hard, flags))
    return FlowStats(Flow(table, priority, terms, actions, cookie), packets, count)


def _beyond(idle: int, hard: int, flags: int) -> Action:
    """Mark a flow that expires or behaves in a way that no flow of ours does."""
    return Foreign(struct.pack("!HHH", idle, hard, flags))


@decoder
def decode_meters(part: bytes) -> list[MeterBand]:
    """Decode the settings of meters; one that is not packets per second has rate and burst 0."""
    return [_decode_meter(part, start, stop) for start, stop in _entries(part, "!H", 0)]


def _decode_meter(part: bytes, start: int, stop: int) -> MeterBand:
    _, flags, number = _METER_CONFIG.unpack_from(part, start)
    band = start + _METER_CONFIG.size
    if stop - band != _BAND.size or not flags & _PACKETS_PER_SECOND:
        return MeterBand(number, 0, 0)
    kind, _, rate, burst = _BAND.unpack_from(part, band)
    return MeterBand(number, rate, burst) if kind == _DROP else MeterBand(number, 0, 0)


@decoder
def decode_meter_stats(part: bytes) -> list[MeterStats]:
    """Decode the counters of meters."""
    return [_decode_meter_stats(part, start, stop) for start, stop in _entries(part, "!4xH", 4)]


def _decode_meter_stats(part: bytes, start: int, stop: int) -> MeterStats:
    number, packets = _METER_STATS.unpack_from(part, start)
    bands = range(start + _METER_STATS.size, stop - _BAND_COUNT.size + 1, _BAND_COUNT.size)
    dropped = sum(_BAND_COUNT.unpack_from(part, band)[0] for band in bands)
    return MeterStats(number, packets, dropped)


def _entries(part: bytes, length_at: str, skipped: int) -> Iterator[tuple[int, int]]:
    """Yield where each entry begins and ends; its length stands where the format says."""
    read = struct.Struct(length_at)
    start = _BODY
    while start < len(part):
        (length,) = read.unpack_from(part, start)
        if length < 8 + skipped or start + length > len(part):
            raise ProtocolError(f"an entry of {length} bytes does not fit into its message")
        yield start, start + length
        start += length
