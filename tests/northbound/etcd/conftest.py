"""Servers of etcd, and stores in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from damselfly.northbound.etcd import EtcdStore, Place
from lab.etcd import Cluster

Open = Callable[..., EtcdStore]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three; whoever kills one starts it again."""
    with Cluster(tmp_path_factory.mktemp("three"), 3) as cluster:
        yield cluster


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cluster]:
    """A server of the test's own, to be broken."""
    with Cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
async def open_store() -> AsyncIterator[Open]:
    opened: list[EtcdStore] = []

    def open_one(cluster: Cluster, path: str = "/test", options: str = "timeout=2") -> EtcdStore:
        opened.append(EtcdStore(Place.at(f"{cluster.url}{path}?{options}")))
        return opened[-1]

    yield open_one
    for store in opened:
        await store.close()
