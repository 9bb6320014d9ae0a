"""When the switch had what: the store's commits and the agents' reports, as they come."""

from __future__ import annotations

import asyncio
import threading

from damselfly.northbound import keys
from damselfly.northbound.opening import open_store
from damselfly.northbound.status import decode_status


class Watcher:
    """Follows a store in a thread of its own, from now on."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stored: dict[str, int] = {}
        self._confirmed: list[tuple[int, float]] = []
        self._loop = asyncio.new_event_loop()
        self._begun = threading.Event()
        self._task: asyncio.Task[None]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._begun.wait()

    def enforced_at(self, rule_id: str) -> float:
        """Return when the switch confirmed the first revision that has the rule."""
        stored = self._stored[rule_id]
        return next(at for revision, at in self._confirmed if revision >= stored)

    def close(self) -> None:
        """Stop to follow."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._follow())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            self._loop.close()

    async def _follow(self) -> None:
        store = open_store(self._url, create=False)
        try:
            since = (await store.read([keys.STATUS_PREFIX])).revision
            self._begun.set()
            async for commit in store.watch(since, [f"/{keys.RULE}/", keys.STATUS_PREFIX]):
                for key, value in commit.changes:
                    self._note(key, value, commit.revision)
        finally:
            await store.close()

    def _note(self, key: str, value: bytes | None, revision: int) -> None:
        if value is None:
            return
        if key.startswith(keys.STATUS_PREFIX):
            status = decode_status(key, value)
            self._confirmed.append((status.revision, status.revision_at))
        else:
            self._stored.setdefault(keys.parse(key).ids[-1], revision)
