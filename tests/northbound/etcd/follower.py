"""One who follows a store as an agent does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.store import Store


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  Nobody rings.
            await asyncio.sleep(0.02)


class Follower:
    """Follows a store as an agent does: goes on after a failure from what it has seen."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.held: dict[str, bytes] = {}
        self.revision = 0
        self.failures = 0
        self.reloads = 0

    async def run(self) -> None:
        await self._reload()
        while True:
            try:
                async for commit in self.store.watch(self.revision, ["/port/"]):
                    for key, value in commit.changes:
                        if value is None:
                            self.held.pop(key, None)
                        else:
                            self.held[key] = value
                    self.revision = commit.revision
            except Compacted:
                await self._reload()
            except StoreError:
                self.failures += 1
                await asyncio.sleep(0.05)

    async def _reload(self) -> None:
        self.reloads += 1
        while True:
            try:
                contents = await self.store.read(["/port/"])
            except StoreError:
                await asyncio.sleep(0.05)
            else:
                break
        self.held, self.revision = dict(contents.objects), contents.revision

    async def until(self, revision: int) -> None:
        await eventually(lambda: self.revision >= revision)


@asynccontextmanager
async def following(store: Store) -> AsyncIterator[Follower]:
    follower = Follower(store)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def try_read(store: Store) -> dict[str, bytes]:
    while True:
        try:
            return dict((await store.read(["/port/"])).objects)
        except StoreError:
            await asyncio.sleep(0.05)
