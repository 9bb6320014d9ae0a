"""The store as blocking calls, from any thread of any process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from damselfly.errors import Conflict, StoreError
from damselfly.neutron.keeping import StoreClient
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Contents


@pytest.fixture
def client(tmp_path: Path) -> Iterator[StoreClient]:
    made = StoreClient(lambda: open_store(f"sqlite:///{tmp_path}/policy.db"), 5)
    yield made
    made.close()


def test_what_one_thread_writes_another_reads(client: StoreClient) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: client.commit([Change(f"/a/{n}", b"1")], {}), range(40)))
    assert len(client.read(["/a/"]).objects) == 40


def test_conflicts_come_through(client: StoreClient) -> None:
    client.commit([Change("/a", b"1")], {"/a": None})
    with pytest.raises(Conflict):
        client.commit([Change("/a", b"2")], {"/a": None})


def test_a_watcher_hears_commits_and_silence(client: StoreClient) -> None:
    start = client.commit([Change("/a", b"0")], {})
    heard = client.watch(start, ["/"], pause=0.01)
    assert next(heard) is None
    client.commit([Change("/a", b"1")], {})
    commit = next(one for one in heard if one is not None)
    assert commit.changes == (Change("/a", b"1"),)


def test_a_watcher_hears_of_the_stores_end(client: StoreClient) -> None:
    heard = client.watch(client.commit([Change("/a", b"0")], {}), ["/"], pause=0.01)
    assert next(heard) is None
    client.close()
    with pytest.raises(StoreError):
        list(heard)


def test_a_store_that_does_not_answer_fails_the_call() -> None:
    class Silent(MemoryStore):
        async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
            await asyncio.sleep(60)
            raise AssertionError(prefixes, at)

    with pytest.raises(StoreError, match="did not answer"):
        StoreClient(Silent, 0.05).read(["/"])


def test_a_store_that_cannot_be_opened_is_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "policy.db"
    client = StoreClient(lambda: open_store(f"sqlite:///{path}", create=False), 5)
    with pytest.raises(StoreError):
        client.read(["/"])
    path.parent.mkdir()
    StoreClient(lambda: open_store(f"sqlite:///{path}"), 5).commit([Change("/a", b"1")], {})
    assert client.read(["/"]).objects == {"/a": b"1"}


def test_a_forked_process_opens_the_store_for_itself(client: StoreClient) -> None:
    client.commit([Change("/parent", b"1")], {})
    child = os.fork()
    if not child:
        try:
            client.commit([Change("/child", b"1")], {"/parent": b"1"})
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert set(client.read(["/"]).objects) == {"/parent", "/child"}
