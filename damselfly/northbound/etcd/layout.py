"""How the store lies in etcd, under ``/PREFIX/``.

``object/KEY``    The policy's objects and index entries.
``revisions``     The record of the last commit of policy: an id, and the keys that it touched.  It
                  is written in the commit's own transaction, so its history is the log.
``parts/ID/KEY``  The changes of a commit that is too large for one transaction of etcd, until they
                  are objects.
``pending``       The id of that commit, once it counts.  Who reads lays its parts over the
                  objects; who writes turns them into objects first.
``status/...``    What agents say of themselves: no commits of policy, and not in the log.
``held/NAME``     Names that one process may have, under its lease.

A revision of the store is etcd's; those of other users of the same etcd are between ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from damselfly.errors import StoreError
from damselfly.northbound.store import STATUS

PUT, GONE = b"+", b"-"
"""What the value of a part begins with."""
_RECENT = 16


@dataclass(frozen=True)
class Layout:
    """The keys of one store."""

    prefix: str

    @cached_property
    def root(self) -> bytes:
        """What all keys begin with."""
        return f"/{self.prefix}/".encode()

    @cached_property
    def revisions(self) -> bytes:
        """The key of the last commit's record."""
        return self.root + b"revisions"

    @cached_property
    def pending(self) -> bytes:
        """The key that names the large commit that is not turned into objects yet."""
        return self.root + b"pending"

    def at(self, key: str) -> bytes:
        """Return where a key of the store lies."""
        if key.startswith(STATUS):
            return self.root + key[1:].encode()
        return self.root + b"object" + key.encode()

    def part(self, commit: str, key: str) -> bytes:
        """Return where a large commit's change of a key lies."""
        return self.root + f"parts/{commit}".encode() + key.encode()

    def held(self, name: str) -> bytes:
        """Return where the holder of a name is written."""
        return self.root + b"held/" + name.encode()

    def statuses(self, prefix: str) -> list[bytes]:
        """Return what a prefix of the store means among what agents say: one prefix or none."""
        if prefix.startswith(STATUS):
            return [self.at(prefix)]
        return [self.at(STATUS)] if STATUS.startswith(prefix) else []

    def name(self, place: bytes) -> str:
        """Return the store's key that lies there, in ``object`` or ``status``."""
        inner = place.removeprefix(self.root)
        known = inner.removeprefix(b"object") if inner.startswith(b"object/") else b"/" + inner
        return known.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Record:
    """What one commit of policy says of itself."""

    id: str
    keys: tuple[str, ...] = ()
    """What it touched, in the order in which it was given; empty for a large one."""
    is_large: bool = False
    """Its changes are parts."""
    recent: tuple[str, ...] = ()
    """Ids of the commits before it, the latest first."""

    def encode(self) -> bytes:
        """Return the record's bytes."""
        fields: dict[str, object] = {"v": 1, "id": self.id, "recent": self.recent}
        fields |= {"large": True} if self.is_large else {"keys": self.keys}
        return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def decode(cls, data: bytes) -> Record:
        """Read a record.  Raises StoreError."""
        try:
            fields: dict[str, Any] = json.loads(data)
            if fields["v"] != 1:
                raise StoreError(f"the store is of version {fields['v']}; this Damselfly reads 1")
            keys, recent = tuple(fields.get("keys", ())), tuple(fields["recent"])
            return cls(fields["id"], keys, bool(fields.get("large")), recent)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the store's record of revisions cannot be read: {error}") from None

    def before(self, commit: str, keys: tuple[str, ...]) -> Record:
        """Return the record of the commit that comes after this one; without keys a large one."""
        recent = (self.id, *self.recent)[:_RECENT] if self.id else ()
        return Record(commit, keys, not keys, recent)

    def follows(self, commit: str) -> bool:
        """Tell whether the record is that commit's, or that of one soon after it."""
        return commit == self.id or commit in self.recent


NOTHING = Record("")
"""The record of a store that nobody has written to."""


def end_of(prefix: bytes) -> bytes:
    """Return the first key after all that begin with the prefix."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def as_part(value: bytes | None) -> bytes:
    """Return the value of the part that stands for a change."""
    return GONE if value is None else PUT + value


def of_part(data: bytes) -> bytes | None:
    """Return what a part says of its key's value."""
    return None if data.startswith(GONE) else data[1:]
