"""Commits that are too large for one transaction of etcd: all of one is seen, or nothing."""

from __future__ import annotations

import asyncio

import pytest

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.etcd import EtcdStore, writing
from damselfly.northbound.store import Change
from lab.etcd import Cluster
from tests.contract.drivers import etcd

from .conftest import Open

LARGE = {f"/port/{number}": b"new" for number in range(300)}


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    """A store of the test's own, on the server that all share."""
    return f"/large/{request.node.name}"


@pytest.fixture
def server() -> Cluster:
    return etcd()


def changes() -> list[Change]:
    return [Change(key, value) for key, value in LARGE.items()]


async def written_but_not_turned_into_objects(store: EtcdStore) -> int:
    """Do what a writer does that is killed when its large commit has just come to count."""
    half = store._writing
    large = await half._stage(LARGE)
    return await half._in_turn(LARGE, {}, large)


async def begun_but_never_counted(store: EtcdStore) -> None:
    await store._writing._stage(LARGE)


async def test_a_writer_killed_before_its_commit_counts_leaves_nothing(
    server: Cluster, open_store: Open, path: str
) -> None:
    store = open_store(server, path)
    before = await store.commit([Change("/port/0", b"old")])
    await begun_but_never_counted(open_store(server, path))
    assert dict((await store.read()).objects) == {"/port/0": b"old"}
    after = await store.commit([Change("/port/0", b"newer")])
    assert (await anext(aiter(store.watch(before)))).revision == after


async def test_a_writer_killed_after_its_commit_counts_has_written_all_of_it(
    server: Cluster, open_store: Open, path: str
) -> None:
    store = open_store(server, path)
    before = await store.commit([Change("/port/0", b"old"), Change("/rule/a/b", b"old")])
    revision = await written_but_not_turned_into_objects(open_store(server, path))
    contents = await store.read()
    assert contents.objects == {**LARGE, "/rule/a/b": b"old"}
    assert dict((await store.read(["/port/7"])).objects) == {
        key: value for key, value in LARGE.items() if key.startswith("/port/7")
    }
    commit = await anext(aiter(store.watch(before)))
    assert (commit.revision, dict(commit.changes)) == (revision, LARGE)
    # The next writer turns it into objects first.
    with pytest.raises(StoreError, match="/port/0 was changed"):
        await store.commit([Change("/port/1", b"x")], {"/port/0": b"old"})
    after = await store.commit([Change("/port/1", None)], {"/port/0": b"new"})
    assert (await store.read()).objects == {
        key: value for key, value in {**LARGE, "/rule/a/b": b"old"}.items() if key != "/port/1"
    }
    assert (await store.read(at=revision)).objects == {**LARGE, "/rule/a/b": b"old"}
    seen = [commit async for commit in take(store, before, 2)]
    assert seen[1] == (after, {"/port/1": None})


async def take(store: EtcdStore, since: int, count: int):  # type: ignore[no-untyped-def]
    async for commit in store.watch(since):
        yield commit.revision, dict(commit.changes)
        count -= 1
        if not count:
            return


async def test_while_a_large_commit_is_turned_into_objects_readers_see_it_whole(
    server: Cluster, open_store: Open, path: str
) -> None:
    store, reader = open_store(server, path), open_store(server, path)
    await store.commit([Change(key, b"old") for key in LARGE])
    stop = asyncio.Event()

    async def read() -> set[frozenset[bytes]]:
        seen = set()
        while not stop.is_set():
            seen.add(frozenset((await reader.read(["/port/"])).objects.values()))
        return seen

    reading = asyncio.create_task(read())
    for _ in range(5):
        await store.commit(changes())
        await store.commit([Change(key, b"old") for key in LARGE])
    stop.set()
    assert await reading <= {frozenset([b"old"]), frozenset([b"new"])}


async def test_many_may_turn_it_into_objects_at_once(
    server: Cluster, open_store: Open, path: str
) -> None:
    first = open_store(server, path)
    await written_but_not_turned_into_objects(first)
    others = [open_store(server, path) for _ in range(5)]
    await asyncio.gather(
        *(one.commit([Change(f"/rule/a/{n}", b"x")]) for n, one in enumerate(others))
    )
    assert (await first.read()).objects == {**LARGE, **{f"/rule/a/{n}": b"x" for n in range(5)}}
    left = server.ctl("get", f"{path}/parts", "--prefix", "--keys-only")
    assert left.strip() == ""


async def test_parts_that_were_taken_for_abandoned_never_come_to_count(
    server: Cluster, open_store: Open, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer whose clock is an hour ahead clears up what another is just writing."""
    slow, fast = open_store(server, path), open_store(server, path)
    await fast.commit([Change("/port/0", b"old")])
    large = await slow._writing._stage(LARGE)
    monkeypatch.setattr(writing, "_ABANDONED", -60.0)
    await fast._writing._clear_up()
    monkeypatch.setattr(writing, "_PATIENCE", 0.5)
    with pytest.raises(StoreError):
        await slow._writing._in_turn(LARGE, {}, large)
    assert dict((await fast.read()).objects) == {"/port/0": b"old"}


async def test_a_large_commit_that_was_compacted_is_read_again(
    server: Cluster, open_store: Open, path: str
) -> None:
    store = open_store(server, path)
    start = await store.commit([Change("/port/0", b"old")])
    await store.commit(changes())
    last = await store.commit([Change("/port/0", b"newest")])
    server.ctl("compact", str(last))
    with pytest.raises(Compacted):
        await anext(aiter(store.watch(start)))


async def test_values_may_be_larger_than_a_request_together(
    server: Cluster, open_store: Open, path: str
) -> None:
    store = open_store(server, path)
    big = {f"/address-group/{number}": b"%d" % number * 400_000 for number in range(6)}
    await store.commit([Change(key, value) for key, value in big.items()])
    assert (await open_store(server, path).read()).objects == big
