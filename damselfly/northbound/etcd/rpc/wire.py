"""The encoding under etcd's messages: numbered fields, each a number or a run of bytes.

Source: protobuf.dev, "Encoding".  A field that holds its default value is not sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.errors import StoreError

_NUMBER, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
Value = int | bytes


def number(field: int, value: int) -> bytes:
    """Write a number that is not negative; nothing for 0."""
    return _varint(field << 3 | _NUMBER) + _varint(value) if value else b""


def data(field: int, value: bytes) -> bytes:
    """Write bytes, text or a message; nothing where they are empty."""
    return nested(field, value) if value else b""


def nested(field: int, value: bytes) -> bytes:
    """Write bytes, text or a message, be they empty or not."""
    return _varint(field << 3 | _BYTES) + _varint(len(value)) + value


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield each field's number and value.  Raises StoreError where the message is cut short."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _read_varint(message, at)
        kind = tag & 7
        if kind == _NUMBER:
            value, at = _read_varint(message, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise StoreError(f"etcd sent a field of an unknown kind: {kind}")
        if at + size > end:
            raise StoreError("etcd sent a message that is cut short")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, at
            shift += 7
    except IndexError:
        raise StoreError("etcd sent a message that is cut short") from None
