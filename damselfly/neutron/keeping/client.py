"""The store for code that does not know asyncio: one event loop in a thread of its own.

Neutron's servers fork, and threads do not survive that: the thread is started at the first call
that is made in a process.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

from damselfly.errors import DamselflyError, StoreError
from damselfly.northbound.store import Change, Commit, Contents, Store

_Result = TypeVar("_Result")


class StoreClient:
    """A store, as blocking calls from any thread of any process."""

    def __init__(self, opened: Callable[[], Store], timeout: float) -> None:
        """Take what opens the store, and the seconds after which a call fails."""
        self._open = opened
        self._timeout = timeout
        self._lock = threading.Lock()
        self._owner = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store: Store | None = None

    def read(self, prefixes: Sequence[str]) -> Contents:
        """Read all keys that start with one of the prefixes.  Raises StoreError."""
        return self._run(lambda store: store.read(prefixes))

    def commit(self, changes: Sequence[Change], expected: Mapping[str, bytes | None]) -> int:
        """Write all changes or none; return the new revision.  Raises Conflict, StoreError."""
        return self._run(lambda store: store.commit(changes, expected))

    def watch(self, since: int, prefixes: Sequence[str], pause: float) -> Iterator[Commit | None]:
        """Yield every commit after a revision, and None whenever ``pause`` seconds pass without.

        Raises what ``Store.watch`` raises.
        """
        news: queue.SimpleQueue[Commit | DamselflyError] = queue.SimpleQueue()
        loop, store = self._ready()
        task = asyncio.run_coroutine_threadsafe(_follow(store, since, prefixes, news), loop)
        try:
            while True:
                try:
                    said = news.get(timeout=pause)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(said, DamselflyError):
                    raise said
                yield said
        finally:
            task.cancel()

    def close(self) -> None:
        """Close the store and end the thread; the next call would open it again."""
        with self._lock:
            loop, store = self._loop, self._store
            self._loop = self._store = None
        if loop is None or self._owner != os.getpid():
            return
        if store is not None:
            asyncio.run_coroutine_threadsafe(store.close(), loop).result(self._timeout)
        loop.call_soon_threadsafe(loop.stop)

    def _run(self, call: Callable[[Store], Coroutine[Any, Any, _Result]]) -> _Result:
        loop, store = self._ready()
        future = asyncio.run_coroutine_threadsafe(call(store), loop)
        try:
            return future.result(self._timeout)
        except NotInTime:
            future.cancel()
            raise StoreError(f"the store did not answer within {self._timeout:g} s") from None

    def _ready(self) -> tuple[asyncio.AbstractEventLoop, Store]:
        with self._lock:
            if self._owner != os.getpid():
                self._owner, self._loop, self._store = os.getpid(), None, None
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="damselfly-store", daemon=True
                ).start()
            if self._store is None:
                future = asyncio.run_coroutine_threadsafe(_opened(self._open), self._loop)
                self._store = future.result(self._timeout)
            return self._loop, self._store


async def _opened(opened: Callable[[], Store]) -> Store:
    """Open the store within the loop, to which some drivers then belong."""
    return opened()


async def _follow(
    store: Store,
    since: int,
    prefixes: Sequence[str],
    news: queue.SimpleQueue[Commit | DamselflyError],
) -> None:
    try:
        async for commit in store.watch(since, prefixes):
            news.put(commit)
    except StoreError as error:
        news.put(error)
