"""The store protocol on top of the file: calls go to one thread, commits come as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.store import Change, Commit, Contents, Wanted, shown, touches_policy

from .doorbell import Doorbell
from .file import SqliteFile
from .names import Names

_Result = TypeVar("_Result")


class SqliteStore:
    """A store in a file.  All calls to SQLite are made in one thread, off the event loop."""

    def __init__(self, path: Path, *, create: bool = True, keep: int = 10_000) -> None:
        """Open the file, and make it (mode 0600) if ``create``; the log keeps ``keep`` commits.

        A file that is removed or replaced meanwhile is opened again.  Blocks for a moment.  Raises
        StoreError.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._closed = False
        self._path = path
        self._keep = keep
        self._openings = self._read_under = 0
        """How often the file was opened again; as of the last reading of contents."""
        self._names = Names(path)
        try:
            self._file = self._thread.submit(SqliteFile, path, create=create, keep=keep).result()
        except StoreError:
            self._thread.shutdown()
            raise

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        """Read all keys that start with one of the prefixes; of the past no policy is known."""
        contents = await self._run(lambda file: file.read(prefixes, at))
        if at is not None:
            self._tell_replacement(self._read_under)
        elif prefixes:
            self._read_under = self._openings
        return contents

    async def watch(self, since: int, prefixes: Wanted = ("/",)) -> AsyncIterator[Commit]:
        """Yield every commit after ``since`` that touches a prefix, whoever made it, for ever."""
        opening = self._read_under
        seen: tuple[int, int] | None = None
        with Doorbell(self._path.with_name(self._path.name + "-wal")) as bell:
            while True:
                tick = await self._run(SqliteFile.tick)
                self._tell_replacement(opening)
                if tick == seen:
                    await bell.pause()
                    continue
                for commit in await self._run(partial(_commits_after, since)):
                    since = commit.revision
                    told = shown(commit, prefixes)
                    if told is not None:
                        yield told
                seen = tick
                bell.answered()

    async def commit(
        self, changes: Sequence[Change], expected: Mapping[str, bytes | None] | None = None
    ) -> int:
        """Write all changes or none, durably; return the new revision."""
        return await self._run(lambda file: file.commit(changes, expected or {}))

    async def behind(self, revision: int) -> int:
        """Count the commits of policy that came after a revision."""
        later = await self._run(partial(_commits_after, revision))
        return sum(map(touches_policy, later))

    async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
        """Take a name, or keep it; one whose holder is dead is free anyway."""
        await self._run(lambda _: self._names.hold(name, holder))

    async def holders(self) -> Mapping[str, bytes]:
        """Return the names that are held now, and by whom."""
        return await self._run(lambda _: self._names.holders())

    async def close(self) -> None:
        """Close the file; every watch ends with StoreError."""
        if not self._closed:
            self._closed = True
            self._names.close()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
            self._thread.shutdown(wait=False)

    def _tell_replacement(self, opening: int) -> None:
        """Raise Compacted if the file is another one than at that opening; but once."""
        if opening != self._openings:
            self._read_under = self._openings
            raise Compacted(f"{self._path} was replaced by another file")

    async def _run(self, call: Callable[[SqliteFile], _Result]) -> _Result:
        if self._closed:
            raise StoreError("the store is closed")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: call(self._current()))

    def _current(self) -> SqliteFile:
        """Return the file that the path leads to now; runs in the thread."""
        if not self._closed and not self._file.is_current:
            self._file.close()
            self._file = SqliteFile(self._path, create=False, keep=self._keep)
            self._openings += 1
        return self._file


def _commits_after(since: int, file: SqliteFile) -> list[Commit]:
    return file.commits_after(since)
