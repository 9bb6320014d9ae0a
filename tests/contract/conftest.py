"""A store of each driver in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from damselfly.northbound.store import Store

from .drivers import DRIVERS

OpenStore = Callable[..., Store]


@pytest.fixture(params=DRIVERS)
async def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    opened: list[Store] = []

    def open_one(keep: int = 10_000) -> Store:
        opened.append(DRIVERS[request.param](tmp_path, keep))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return open_store()
