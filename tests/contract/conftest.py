"""A store of each driver in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from damselfly.northbound.store import Store

from . import drivers

OpenStore = Callable[..., Store]
Forget = Callable[[int], None]


@pytest.fixture(params=drivers.DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def open_store(driver: str, tmp_path: Path) -> AsyncIterator[OpenStore]:
    opened: list[Store] = []

    def open_one(keep: int = 10_000) -> Store:
        opened.append(drivers.DRIVERS[driver](tmp_path, keep))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return open_store()


@pytest.fixture
async def start(store: Store) -> int:
    """The revision before a test's first commit."""
    return (await store.read([])).revision


@pytest.fixture
def forget(driver: str) -> Forget:
    """Have the store forget what was before a revision."""
    return lambda revision: drivers.forget(driver, revision)
