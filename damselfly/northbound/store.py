"""What the rest needs of a policy store; every driver provides exactly this.

Keys are paths.  Policy lives under ``/network/``, ``/subnet/``, ``/port/``, ``/address-group/``,
``/group/``, ``/rule/`` and the index entries ``/member/GROUP/PORT`` and
``/network-port/NETWORK/PORT``, which are written in the port's own transaction, so that an agent
may ask only for what its ports need.  What agents say of themselves lives under ``/status/``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Change(NamedTuple):
    """One key's new value; None: the key is gone."""

    key: str
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything under the asked prefixes, as of one revision."""

    revision: int
    objects: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Commit:
    """What one transaction changed, seen as a whole or not at all."""

    revision: int
    changes: tuple[Change, ...]


class Store(Protocol):
    """A versioned map of keys to bytes.

    Every transaction gets the next revision.  Errors raise ``StoreError``.
    """

    async def read(self, prefixes: Sequence[str] = ("/",)) -> Contents:
        """Read a consistent view of all keys that start with one of the prefixes."""

    def watch(self, since: int, prefixes: Sequence[str] = ("/",)) -> AsyncIterator[Commit]:
        """Yield every commit after revision ``since`` that touches a prefix, in order, for ever.

        Raises ``Compacted`` where the log no longer reaches back to ``since``: read again.
        """

    async def commit(
        self, changes: Sequence[Change], expected: Mapping[str, bytes | None] | None = None
    ) -> int:
        """Write all changes or none; return the new revision.

        ``expected`` maps keys to the values they must still have (None: absent).  Raises
        ``Conflict`` where one has not, ``StoreError`` where the store cannot write.
        """

    async def close(self) -> None:
        """Give up files and connections."""
