"""What etcd answers, read from bytes.

Field numbers: etcd's ``rpc.proto`` and ``kv.proto``, API v3.  What is not used is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from damselfly.errors import StoreError

from . import wire

_DELETED = 1


class KeyValue(NamedTuple):
    """A key as of some revision."""

    key: bytes
    value: bytes
    written_at: int
    """The revision that wrote it last."""
    lease: int = 0
    version: int = 0
    """How often it was written."""


class Found(NamedTuple):
    """What was read."""

    revision: int
    """Of the whole of etcd, when it was read."""
    keys: list[KeyValue]
    more: bool = False
    """There is more than the limit."""


class Done(NamedTuple):
    """What became of a transaction."""

    revision: int
    succeeded: bool
    found: list[Found]
    """What its reading operations read, in order."""


class Event(NamedTuple):
    """A key that was written, or deleted (value None)."""

    key: bytes
    value: bytes | None
    revision: int


class News(NamedTuple):
    """What a watch tells."""

    revision: int
    events: list[Event]
    created: bool = False
    canceled: bool = False
    compacted: int = 0
    """Where the log was trimmed past the revision that was asked for: how far."""
    reason: str = ""


def found(message: bytes) -> Found:
    """Read the answer to a range request."""
    told = _Told(message)
    keys = [_key_value(each) for each in told.messages(2)]
    return Found(_revision(told), keys, bool(told.number(3)))


def done(message: bytes) -> Done:
    """Read the answer to a transaction."""
    told = _Told(message)
    read = [found(part) for each in told.messages(3) for part in _Told(each).messages(1)]
    return Done(_revision(told), bool(told.number(2)), read)


def news(message: bytes) -> News:
    """Read a message of a watch."""
    told = _Told(message)
    return News(
        revision=_revision(told),
        events=[_event(each) for each in told.messages(11)],
        created=bool(told.number(3)),
        canceled=bool(told.number(4)),
        compacted=told.number(5),
        reason=told.data(6).decode(errors="replace"),
    )


def lease(message: bytes) -> tuple[int, int]:
    """Read a lease's number and the seconds that it has left; 0: it has ended."""
    told = _Told(message)
    return told.number(2), told.number(3)


def token(message: bytes) -> str:
    """Read what proves who we are."""
    return _Told(message).data(2).decode(errors="replace")


class _Told:
    """A message's fields, by number.  Raises StoreError where one is of the wrong kind."""

    def __init__(self, message: bytes) -> None:
        self._fields: dict[int, list[wire.Value]] = {}
        for field, value in wire.fields(message):
            self._fields.setdefault(field, []).append(value)

    def number(self, field: int) -> int:
        value = self._fields.get(field, _ABSENT_NUMBER)[-1]
        if isinstance(value, bytes):
            raise StoreError("etcd sent bytes where a number belongs")
        return value

    def data(self, field: int) -> bytes:
        value = self._fields.get(field, _ABSENT_DATA)[-1]
        if isinstance(value, int):
            raise StoreError("etcd sent a number where bytes belong")
        return value

    def messages(self, field: int) -> Iterator[bytes]:
        for value in self._fields.get(field, ()):
            if isinstance(value, int):
                raise StoreError("etcd sent a number where a message belongs")
            yield value


_ABSENT_NUMBER: list[wire.Value] = [0]
_ABSENT_DATA: list[wire.Value] = [b""]


def _revision(told: _Told) -> int:
    return _Told(told.data(1)).number(3)


def _key_value(message: bytes) -> KeyValue:
    told = _Told(message)
    return KeyValue(told.data(1), told.data(5), told.number(3), told.number(6), told.number(4))


def _event(message: bytes) -> Event:
    told = _Told(message)
    about = _key_value(told.data(2))
    gone = told.number(1) == _DELETED
    return Event(about.key, None if gone else about.value, about.written_at)
