"""Matches on the wire, and the metadata of packets.

A field that we have no name for is read as ``oxm_HEADER``, so that a flow of somebody else's can
still be compared and deleted.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from damselfly.flow.field import ORDER
from damselfly.flow.match import Match, Term

from .fields import LAST_RANK, MASKED, READINGS, SPELLINGS, Spelling
from .wire import ProtocolError, decoder, padding

_U32 = struct.Struct("!I")
_EXPERIMENTER = 0xFFFF
_UNKNOWN = "oxm_"


def encode_match(match: Match) -> bytes:
    """Encode a match with its header and padding; raise ProtocolError for a field unknown here."""
    try:
        body = b"".join([_encode_term(term) for term in sorted(match.terms, key=_rank)])
    except (ValueError, OverflowError) as error:
        raise ProtocolError(f"{match}: {error}") from error
    length = 4 + len(body)
    return b"\0\1" + length.to_bytes(2, "big") + body + padding(length)


def _rank(term: Term) -> int:
    spelling = SPELLINGS.get(term.field)
    return LAST_RANK if spelling is None else spelling.rank


def _encode_term(term: Term) -> bytes:
    name, value, mask = term
    spelling = SPELLINGS.get(name)
    if spelling is None:
        spelling = _unknown_spelling(name)
    _, exact, masked, size, full = spelling
    if mask == full:
        return exact + value.to_bytes(size, "big")
    return masked + value.to_bytes(size, "big") + mask.to_bytes(size, "big")


def _unknown_spelling(name: str) -> Spelling:
    if not name.startswith(_UNKNOWN):
        raise ProtocolError(f"OpenFlow has no number for the field {name!r}")
    exact = bytes.fromhex(name.removeprefix(_UNKNOWN))
    size = exact[3] - (len(exact) - 4)
    masked = exact[:2] + bytes([exact[2] | 1, exact[3] + size]) + exact[4:]
    return Spelling(LAST_RANK, exact, masked, size, (1 << 8 * size) - 1)


@decoder
def decode_match(data: bytes, start: int, stop: int) -> Match:
    """Decode the fields between two offsets, the match's own header left out."""
    merged: dict[str, Term] = {}
    for header, begin, end in _walk(data, start, stop):
        reading = READINGS.get(header)
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
        # A tunnel option matched with an empty mask must still be present.
        if term.mask or reading is None:
            merged[term.field] = term
    return Match(tuple(sorted(merged.values(), key=_order)))


@decoder
def decode_values(data: bytes, start: int, stop: int) -> dict[str, int]:
    """Decode the metadata of a packet: values by field name; fields unknown here are left out."""
    body = data[start:stop]
    shapes = _SHAPES.get(stop - start, ()) if stop <= len(data) else ()
    number = int.from_bytes(body, "big")
    for shape in shapes:
        if number & shape.mask == shape.headers:
            return shape.values(body)
    shape = _shape(data, start, stop)
    if len(_SHAPES) >= _LENGTHS or len(shapes) >= _SHAPES_EACH:
        _SHAPES.clear()
    _SHAPES[stop - start] = (*shapes, shape)
    return shape.values(body)


class _Shape(NamedTuple):
    """Which fields some metadata has, and where; its headers tell what other metadata is like it.

    The switch leaves out what is zero, so that there are few shapes and many packets of each.
    """

    mask: int
    """Of the bits of all headers, in the metadata as one number."""
    headers: int
    places: struct.Struct
    names: tuple[str, ...]
    wide: dict[str, int]
    """The values that come as bytes, and how far each is shifted."""

    def values(self, body: bytes) -> dict[str, int]:
        """Return the value of each field."""
        found = dict(zip(self.names, self.places.unpack_from(body), strict=True))
        for name, shift in self.wide.items():
            found[name] = int.from_bytes(found[name], "big") << shift
        return found


_SHAPES: dict[int, tuple[_Shape, ...]] = {}
"""Shapes that were seen, by length."""
_LENGTHS, _SHAPES_EACH = 256, 16
_SIZES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def _shape(data: bytes, start: int, stop: int) -> _Shape:
    """Find out the shape of metadata.  Raises ProtocolError where it has none."""
    form, headers = "!", bytearray(max(0, stop - start))
    names: list[str] = []
    wide: dict[str, int] = {}
    for header, begin, end in _walk(data, start, stop):
        place = begin - start
        headers[place - 4 : place] = b"\xff" * 4
        reading = READINGS.get(header)
        if reading is None:
            form += f"4x{end - begin}x"
            continue
        # ct_state comes with a mask of the bits that the switch knows.
        name, size, _, shift, _ = reading
        wide.pop(name, None)
        if shift or size not in _SIZES:
            wide[name] = shift
        form += f"4x{f'{size}s' if name in wide else _SIZES[size]}{end - begin - size}x"
        names.append(name)
    mask = int.from_bytes(headers, "big")
    seen = int.from_bytes(data[start:stop], "big") & mask
    return _Shape(mask, seen, struct.Struct(form), tuple(names), wide)


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
    masked = bool(header & MASKED)
    extra = 4 if header >> 16 == _EXPERIMENTER else 0
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
