"""What is asked of etcd: each request knows its bytes.

Field numbers: etcd's ``rpc.proto``, API v3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from . import wire

_CREATED, _MODIFIED, _VALUE = 1, 2, 3
"""What a comparison looks at."""
_RANGE, _PUT, _DELETE = 1, 2, 3
"""The kinds of operation in a transaction."""


class Range(NamedTuple):
    """Read a key, or all from it up to ``end``; as of a revision, unless that is 0."""

    key: bytes
    end: bytes = b""
    limit: int = 0
    revision: int = 0
    serializable: bool = False
    """Answered by the server that is asked, without asking the others."""
    keys_only: bool = False

    def encode(self) -> bytes:
        """Return the request's bytes."""
        return b"".join((
            wire.data(1, self.key),
            wire.data(2, self.end),
            wire.number(3, self.limit),
            wire.number(4, self.revision),
            wire.number(7, self.serializable),
            wire.number(8, self.keys_only),
        ))  # fmt: skip

    def operation(self) -> bytes:
        """Return the request as a part of a transaction."""
        return wire.nested(_RANGE, self.encode())


class Put(NamedTuple):
    """Write a key; with a lease, it goes when the lease does."""

    key: bytes
    value: bytes
    lease: int = 0

    def operation(self) -> bytes:
        """Return the request as a part of a transaction."""
        put = wire.data(1, self.key) + wire.data(2, self.value) + wire.number(3, self.lease)
        return wire.nested(_PUT, put)


class Delete(NamedTuple):
    """Delete a key, or all from it up to ``end``."""

    key: bytes
    end: bytes = b""

    def operation(self) -> bytes:
        """Return the request as a part of a transaction."""
        return wire.nested(_DELETE, wire.data(1, self.key) + wire.data(2, self.end))


class Compare(NamedTuple):
    """A condition of a transaction: one property of a key equals a value."""

    key: bytes
    target: int
    wanted: bytes

    def encode(self) -> bytes:
        """Return the condition's bytes."""
        return wire.number(2, self.target) + wire.data(3, self.key) + self.wanted


def absent(key: bytes) -> Compare:
    """Return the condition that there is no such key."""
    return Compare(key, _CREATED, b"")


def holds(key: bytes, value: bytes) -> Compare:
    """Return the condition that the key has the value."""
    return Compare(key, _VALUE, wire.nested(7, value))


def written_at(key: bytes, revision: int) -> Compare:
    """Return the condition that the key was last written at the revision; 0: it is not there."""
    return Compare(key, _MODIFIED, wire.number(6, revision))


Operation = Range | Put | Delete


def transaction(
    conditions: Iterable[Compare],
    then: Iterable[Operation],
    otherwise: Iterable[Operation] = (),
) -> bytes:
    """Return a request that is carried out as one."""
    return b"".join((
        *(wire.nested(1, condition.encode()) for condition in conditions),
        *(wire.nested(2, operation.operation()) for operation in then),
        *(wire.nested(3, operation.operation()) for operation in otherwise),
    ))  # fmt: skip


def watch(key: bytes, end: bytes, start: int) -> bytes:
    """Return a request to be told of every change from the revision on."""
    wanted = wire.data(1, key) + wire.data(2, end) + wire.number(3, start)
    return wire.nested(1, wanted)


def grant_lease(seconds: int) -> bytes:
    """Return a request for a new lease."""
    return wire.number(1, seconds)


def of_lease(lease: int) -> bytes:
    """Return the request that names a lease: to keep it alive, or to end it."""
    return wire.number(1, lease)


def authenticate(user: str, password: str) -> bytes:
    """Return a request for a token."""
    return wire.data(1, user.encode()) + wire.data(2, password.encode())
