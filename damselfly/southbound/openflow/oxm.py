"""Matches and fields on the wire: OpenFlow's and Nicira's extensible match (OXM, NXM).

A field travels as a four-byte header (class, number, has-mask, length), its value and its mask.
A field that we have no name for is read as ``oxm_HEADER``, so that a flow of somebody else's can
still be compared and deleted.  Source: ovs-fields(7), where each field's number stands.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from damselfly.flow.field import FIELDS, ORDER
from damselfly.flow.match import Match, Term

from .wire import ProtocolError, decoder, padding

_NXM0, _NXM1, _OXM, _LONG = 0x0000, 0x0001, 0x8000, 0xFFFF

_OXM_NUMBERS = {
    "in_port": 0, "metadata": 2, "dl_dst": 3, "dl_src": 4, "dl_type": 5, "nw_proto": 10,
    "nw_src": 11, "nw_dst": 12, "tcp_src": 13, "tcp_dst": 14, "udp_src": 15, "udp_dst": 16,
    "sctp_src": 17, "sctp_dst": 18, "icmp_type": 19, "icmp_code": 20, "arp_op": 21, "arp_spa": 22,
    "arp_tpa": 23, "arp_sha": 24, "arp_tha": 25, "ipv6_src": 26, "ipv6_dst": 27,
    "icmpv6_type": 29, "icmpv6_code": 30, "nd_target": 31, "nd_sll": 32, "nd_tll": 33,
    "tun_id": 38,
}  # fmt: skip
_NXM1_NUMBERS = {
    **{f"reg{n}": n for n in range(16)}, "nw_frag": 26, "nw_ttl": 29, "tun_src": 31,
    "ct_state": 105, "ct_zone": 106, "ct_mark": 107, "ct_label": 108,
    **{f"xxreg{n}": 111 + n for n in range(4)},
    "ct_nw_proto": 119, "ct_nw_src": 120, "ct_nw_dst": 121, "ct_ipv6_src": 122,
    "ct_ipv6_dst": 123, "ct_tp_src": 124, "ct_tp_dst": 125,
}  # fmt: skip
_NUMBERS = {
    **{name: (_OXM, number) for name, number in _OXM_NUMBERS.items()},
    **{name: (_NXM1, number) for name, number in _NXM1_NUMBERS.items()},
    "vlan_tci": (_NXM0, 4),
}

# The switch refuses a field that comes before its prerequisites.
_FIRST = ("dl_type", "nw_proto", "ct_state", "ct_nw_proto", "icmpv6_type")

# Actions may name them; in a match the switch takes them apart.
_PARTED = frozenset(f"xxreg{n}" for n in range(4))

_U32 = struct.Struct("!I")
_MASKED = 0x100
_UNKNOWN = "oxm_"


class _Spelling(NamedTuple):
    """How a field is written: its place among others, its headers, its size and full mask."""

    rank: int
    exact: bytes
    masked: bytes
    size: int
    full: int


class _Reading(NamedTuple):
    """What a header stands for: ``size`` bytes of value whose bits lie at ``shift`` of a field."""

    name: str
    size: int
    masked: bool
    shift: int
    full: int


def _header(space: int, number: int, length: int, masked: bool = False) -> int:
    return space << 16 | number << 9 | (_MASKED if masked else 0) | length


def _spellings() -> dict[str, _Spelling]:
    spellings = {}
    for name, (space, number) in _NUMBERS.items():
        field = FIELDS[name]
        size = (field.bits + 7) // 8
        rank = _FIRST.index(name) if name in _FIRST else len(_FIRST) + ORDER[name]
        exact = _U32.pack(_header(space, number, size))
        masked = _U32.pack(_header(space, number, 2 * size, masked=True))
        spellings[name] = _Spelling(rank, exact, masked, size, field.full_mask)
    return spellings


def _readings() -> dict[int, _Reading]:
    readings = {}
    for name, spelling in _SPELLINGS.items():
        for header, masked in ((spelling.exact, False), (spelling.masked, True)):
            reading = _Reading(name, spelling.size, masked, 0, spelling.full)
            readings[_U32.unpack(header)[0]] = reading
    # In OpenFlow 1.3 the switch hands vlan_tci back as VLAN id (with the "present" bit) and PCP.
    vid, pcp = _header(_OXM, 6, 2), _header(_OXM, 7, 1)
    readings[vid] = _Reading("vlan_tci", 2, False, 0, 0x1FFF)
    readings[_header(_OXM, 6, 4, masked=True)] = _Reading("vlan_tci", 2, True, 0, 0x1FFF)
    readings[pcp] = _Reading("vlan_tci", 1, False, 13, 0x7)
    return readings


_SPELLINGS = _spellings()
_READINGS = _readings()


def field_header(name: str) -> bytes:
    """Return a field's header as actions name it; raise ProtocolError for a field unknown here."""
    try:
        return _SPELLINGS[name].exact
    except KeyError:
        raise ProtocolError(f"OpenFlow has no number for the field {name!r}") from None


def encode_value(name: str, value: int) -> bytes:
    """Encode a field's header and value; raise ProtocolError where the value does not fit."""
    header = field_header(name)
    spelling = _SPELLINGS[name]
    if value & ~spelling.full:
        raise ProtocolError(f"{name}={value:#x} does not fit into the field")
    return header + value.to_bytes(spelling.size, "big")


def decode_value(data: bytes) -> tuple[str, int]:
    """Decode one unmasked field, as a set-field action has it; what follows it is ignored."""
    header, start, end = next(_walk(data, 0, len(data)))
    reading = _READINGS.get(header)
    if reading is None or reading.masked:
        raise ProtocolError(f"no field has the header {header:#x}")
    return reading.name, int.from_bytes(data[start:end], "big") << reading.shift


def field_of(header: bytes) -> str:
    """Return the name of the field with that header; raise ProtocolError if there is none."""
    reading = _READINGS.get(_U32.unpack(header)[0])
    if reading is None or reading.masked:
        raise ProtocolError(f"no field has the header {header.hex()}")
    return reading.name


def encode_match(match: Match) -> bytes:
    """Encode a match with its header and padding; raise ProtocolError for a field unknown here."""
    try:
        parts = [_encode_term(term) for term in sorted(match.terms, key=_rank)]
    except (ValueError, OverflowError) as error:
        raise ProtocolError(f"{match}: {error}") from error
    body = b"".join(parts)
    length = 4 + len(body)
    return b"\0\1" + length.to_bytes(2, "big") + body + padding(length)


def _rank(term: Term) -> int:
    spelling = _SPELLINGS.get(term.field)
    return spelling.rank if spelling is not None else len(_FIRST) + len(ORDER)


def _encode_term(term: Term) -> bytes:
    name, value, mask = term
    spelling = _SPELLINGS.get(name)
    if spelling is None or name in _PARTED:
        spelling = _unknown_spelling(name)
    _, exact, masked, size, full = spelling
    if mask == full:
        return exact + value.to_bytes(size, "big")
    return masked + value.to_bytes(size, "big") + mask.to_bytes(size, "big")


def _unknown_spelling(name: str) -> _Spelling:
    if name in _PARTED:
        raise ProtocolError(f"the switch would hand a match on {name} back as four registers")
    if not name.startswith(_UNKNOWN):
        raise ProtocolError(f"OpenFlow has no number for the field {name!r}")
    exact = bytes.fromhex(name.removeprefix(_UNKNOWN))
    size = exact[3] - (len(exact) - 4)
    doubled = exact[:2] + bytes([exact[2] | 1, exact[3] + size]) + exact[4:]
    return _Spelling(0, exact, doubled, size, (1 << 8 * size) - 1)


@decoder
def decode_match(data: bytes, start: int, stop: int) -> Match:
    """Decode the fields between two offsets, the match's own header left out."""
    merged: dict[str, Term] = {}
    for header, begin, end in _walk(data, start, stop):
        reading = _READINGS.get(header)
        if reading is None:
            term = _unknown_term(data, begin, end)
        else:
            name, size, masked, shift, full = reading
            middle = begin + size
            value = int.from_bytes(data[begin:middle], "big")
            mask = int.from_bytes(data[middle:end], "big") & full if masked else full
            term = Term(name, (value & mask) << shift, mask << shift)
        if term.field in merged:
            known = merged[term.field]
            term = Term(term.field, known.value | term.value, known.mask | term.mask)
        if term.mask:
            merged[term.field] = term
    return Match(tuple(sorted(merged.values(), key=_order)))


def decode_values(data: bytes, start: int, stop: int) -> dict[str, int]:
    """Decode the metadata of a packet: values by field name; fields unknown here are left out."""
    values = {}
    for header, begin, _ in _walk(data, start, stop):
        reading = _READINGS.get(header)
        if reading is not None:
            name, size, _, shift, _ = reading
            # ct_state comes with a mask of the bits that the switch knows.
            values[name] = int.from_bytes(data[begin : begin + size], "big") << shift
    return values


def _walk(data: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Yield the header of each field and where its value (and mask) begins and ends."""
    if stop > len(data):
        raise ProtocolError(f"fields end {stop - len(data)} bytes behind their message")
    while start < stop:
        if stop - start < 4:
            raise ProtocolError("a field's header is cut off")
        header = _U32.unpack_from(data, start)[0]
        begin = start + 4
        start = begin + (header & 0xFF)
        if start > stop:
            raise ProtocolError(f"the field with header {header:#x} is cut off")
        yield header, begin, start


def _unknown_term(data: bytes, begin: int, end: int) -> Term:
    """Name a field after its header, without mask; experimenter fields have a longer header."""
    header = _U32.unpack_from(data, begin - 4)[0]
    masked = bool(header & _MASKED)
    extra = 4 if header >> 16 == _LONG else 0
    payload = end - begin - extra
    if payload < 1 or (masked and payload % 2):
        raise ProtocolError(f"the field with header {header:#x} has a bad length")
    size = payload // 2 if masked else payload
    exact = _U32.pack(header & ~0x1FF | (size + extra)) + data[begin : begin + extra]
    middle = begin + extra + size
    full = (1 << 8 * size) - 1
    mask = int.from_bytes(data[middle:end], "big") if masked else full
    value = int.from_bytes(data[begin + extra : middle], "big") & mask
    return Term(_UNKNOWN + exact.hex(), value, mask)


def _order(term: Term) -> int:
    return ORDER.get(term.field, len(ORDER))
