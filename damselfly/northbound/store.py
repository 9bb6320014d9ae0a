"""What the rest needs of a policy store; every driver provides exactly this.

Keys are paths.  Policy lives under ``/network/``, ``/subnet/``, ``/port/``, ``/address-group/``,
``/group/``, ``/rule/`` and the index entries ``/member/GROUP/PORT``, ``/network-port/NETWORK/PORT``
and ``/network-subnet/NETWORK/SUBNET``, which are written in their object's own transaction, so that
an agent may ask only for what its ports need.  What agents say of themselves lives under
``/status/``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

STATUS = "/status/"
"""What is not policy."""
HELD_SECONDS = 10
"""For how long a name may seem to be held although its holder has ended."""


Wanted = Sequence[str] | Callable[[str], bool]
"""Prefixes, or what tells of a key of policy whether it is wanted when its commit is looked at."""


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
    """What one transaction changed, seen as a whole or not at all; nothing: nothing of interest."""

    revision: int
    changes: tuple[Change, ...]


class Store(Protocol):
    """A versioned map of keys to bytes.

    Every transaction gets a revision later than all before it.  Errors raise ``StoreError``.
    """

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        """Read a consistent view of all keys that start with one of the prefixes.

        As of now, or as of a revision; raises ``Compacted`` where the store does not look back so
        far, or has not come to it.
        """

    def watch(self, since: int, prefixes: Wanted = ("/",)) -> AsyncIterator[Commit]:
        """Yield every commit after revision ``since`` that touches a prefix, in order, for ever.

        Of a commit of policy that touches none of them the revision alone is told, unless they are
        all of ``/status/``.  Raises ``Compacted`` where the log no longer reaches back to
        ``since``, or where the store's past is another one than it was: read again.
        """

    async def commit(
        self, changes: Sequence[Change], expected: Mapping[str, bytes | None] | None = None
    ) -> int:
        """Write all changes or none; return the new revision.

        ``expected`` maps keys to the values they must still have (None: absent).  Raises
        ``Conflict`` where one has not, ``StoreError`` where the store cannot write.
        """

    async def behind(self, revision: int) -> int:
        """Count the commits of policy that came after a revision.

        Raises ``Compacted`` where the store no longer knows, or has not come to the revision.
        """

    async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
        """Take a name that only one process may have, or keep it: to be repeated every few seconds.

        It is free again once the process has ended, ``HELD_SECONDS`` later at most.  A holder that
        is known to be dead may be replaced.  Raises ``NameTaken`` where somebody else has it.
        """

    async def holders(self) -> Mapping[str, bytes]:
        """Return the names that are held now, and by whom; no clock of theirs is asked."""

    async def close(self) -> None:
        """Give up files and connections."""


def shown(commit: Commit, prefixes: Wanted) -> Commit | None:
    """Return what a watch of the prefixes tells of a commit, if anything."""
    wants = chooser(prefixes)
    changes = tuple(one for one in commit.changes if wants(one.key))
    if not changes and not (follows_policy(prefixes) and touches_policy(commit)):
        return None
    return Commit(commit.revision, changes)


def chooser(prefixes: Wanted) -> Callable[[str], bool]:
    """Return what tells of a key whether it is wanted."""
    if callable(prefixes):
        return prefixes
    listed = tuple(prefixes)
    return lambda key: key.startswith(listed)


def follows_policy(prefixes: Wanted) -> bool:
    """Tell whether a watch of the prefixes is told of every commit of policy."""
    if callable(prefixes) or not prefixes:
        return True
    return not all(prefix.startswith(STATUS) for prefix in prefixes)


def touches_policy(commit: Commit) -> bool:
    """Tell whether a commit changed anything but what agents say of themselves."""
    return any(not one.key.startswith(STATUS) for one in commit.changes)
