"""What the tests of the contract do with a store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from damselfly.northbound.store import Change, Commit


def put(key: str, value: bytes = b"x") -> Change:
    return Change(key, value)


async def take(commits: AsyncIterator[Commit], count: int) -> list[Commit]:
    """Return the next commits that touch what is watched."""
    async with asyncio.timeout(5):
        taken: list[Commit] = []
        while len(taken) < count:
            commit = await anext(commits)
            taken += [commit] if commit.changes else []
        return taken
