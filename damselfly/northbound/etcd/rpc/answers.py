"""What etcd answers, read from bytes.

Field numbers: etcd's ``rpc.proto`` and ``kv.proto``, API v3.  What is not used is passed over.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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
    revision, keys, more = 0, [], False
    for field, value in wire.fields(message):
        if field == 1:
            revision = _revision(value)
        elif field == 2:
            keys.append(_key_value(value))
        elif field == 3:
            more = bool(value)
    return Found(revision, keys, more)


def done(message: bytes) -> Done:
    """Read the answer to a transaction."""
    revision, succeeded, read = 0, False, []
    for field, value in wire.fields(message):
        if field == 1:
            revision = _revision(value)
        elif field == 2:
            succeeded = bool(value)
        elif field == 3:
            read += [found(part) for kind, part in wire.fields(value) if kind == 1]  # type: ignore[arg-type]
    return Done(revision, succeeded, read)


def news(message: bytes) -> News:
    """Read a message of a watch."""
    seen: dict[int, Any] = {}
    events = []
    for field, value in wire.fields(message):
        if field == 11:
            events.append(_event(value))
        else:
            seen[field] = value
    return News(
        revision=_revision(seen.get(1, b"")),
        events=events,
        created=bool(seen.get(3)),
        canceled=bool(seen.get(4)),
        compacted=seen.get(5, 0),
        reason=seen.get(6, b"").decode(errors="replace"),
    )


def lease(message: bytes) -> tuple[int, int]:
    """Read a lease's number and the seconds that it has left; 0: it has ended."""
    seen: dict[int, Any] = dict(wire.fields(message))
    return seen.get(2, 0), seen.get(3, 0)


def token(message: bytes) -> str:
    """Read what proves who we are."""
    seen: dict[int, Any] = dict(wire.fields(message))
    text: str = seen.get(2, b"").decode()
    return text


def _revision(header: Any) -> int:
    seen: dict[int, Any] = dict(wire.fields(header))
    revision: int = seen.get(3, 0)
    return revision


def _key_value(message: Any) -> KeyValue:
    seen: dict[int, Any] = dict(wire.fields(message))
    return KeyValue(
        seen.get(1, b""), seen.get(5, b""), seen.get(3, 0), seen.get(6, 0), seen.get(4, 0)
    )


def _event(message: Any) -> Event:
    seen: dict[int, Any] = dict(wire.fields(message))
    about = _key_value(seen.get(2, b""))
    gone = seen.get(1, 0) == _DELETED
    return Event(about.key, None if gone else about.value, about.written_at)
