"""A store in memory: for tests, and for an agent that is fed by the program around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from damselfly.errors import Compacted, Conflict, NameTaken, StoreError

from .store import Change, Commit, Contents, Wanted, shown, touches_policy


class MemoryStore:
    """Keys and values of one process and one event loop."""

    def __init__(self, keep: int = 10_000) -> None:
        """Remember the last ``keep`` commits for those who watch."""
        self._keep = keep
        self._objects: dict[str, bytes] = {}
        self._log: list[Commit] = []
        self._revision = 0
        self._news = asyncio.Event()
        self._closed = False
        self._holders: dict[str, bytes] = {}

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        """Read all keys that start with one of the prefixes; of the past no policy is known."""
        self._check_open()
        if at is not None and any(map(touches_policy, self._after(at))):
            raise Compacted(f"the store no longer knows what it held at revision {at}")
        chosen = {k: v for k, v in self._objects.items() if k.startswith(tuple(prefixes))}
        return Contents(self._revision if at is None else at, chosen)

    async def watch(self, since: int, prefixes: Wanted = ("/",)) -> AsyncIterator[Commit]:
        """Yield every commit after ``since`` that touches a prefix, for ever."""
        while True:
            self._check_open()
            news = self._news
            for commit in self._after(since):
                since = commit.revision
                told = shown(commit, prefixes)
                if told is not None:
                    yield told
            if since == self._revision:
                await news.wait()

    async def commit(
        self, changes: Sequence[Change], expected: Mapping[str, bytes | None] | None = None
    ) -> int:
        """Write all changes or none; return the new revision."""
        self._check_open()
        for key, value in (expected or {}).items():
            if self._objects.get(key) != value:
                raise Conflict(f"{key} was changed by somebody else")
        if not changes:
            return self._revision
        for key, value in changes:
            if value is None:
                self._objects.pop(key, None)
            else:
                self._objects[key] = value
        self._revision += 1
        self._log.append(Commit(self._revision, tuple(changes)))
        del self._log[: -self._keep]
        self._wake()
        return self._revision

    async def behind(self, revision: int) -> int:
        """Count the commits of policy that came after a revision."""
        self._check_open()
        return sum(map(touches_policy, self._after(revision)))

    async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
        """Take a name, or keep it; whoever holds it has to be replaced."""
        self._check_open()
        known = self._holders.get(name, holder)
        if known not in (holder, instead_of):
            raise NameTaken(f"{name} is held", known)
        self._holders[name] = holder

    async def holders(self) -> Mapping[str, bytes]:
        """Return the names that are held, and by whom."""
        self._check_open()
        return dict(self._holders)

    async def close(self) -> None:
        """Refuse everything from now on, and end every watch."""
        self._closed = True
        self._wake()

    def _after(self, since: int) -> list[Commit]:
        oldest = self._revision - len(self._log)
        if not oldest <= since <= self._revision:
            raise Compacted(f"the store no longer knows what changed since revision {since}")
        return self._log[since - oldest :]

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the store is closed")
