"""What may happen to etcd: restored from an old snapshot, compacted, full."""

from __future__ import annotations

from pathlib import Path

import pytest

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.etcd import EtcdStore
from damselfly.northbound.store import Change
from lab.etcd import Cluster

from .conftest import Open
from .follower import eventually, following, try_read


@pytest.mark.parametrize("overtaken", [False, True])
async def test_a_restored_store_is_read_again_even_if_it_has_overtaken_what_was_seen(
    own: Cluster, open_store: Open, tmp_path: Path, overtaken: bool
) -> None:
    store, reader = open_store(own), open_store(own)
    await store.commit([Change("/port/a", b"1"), Change("/port/b", b"1")])
    own.snapshot(tmp_path / "snapshot")
    await store.commit([Change("/port/a", b"2")])
    seen = await store.commit([Change("/port/b", None)])
    async with following(reader) as follower:
        await follower.until(seen)
        assert follower.held == {"/port/a": b"2"}
        other = open_store(own)
        own.restore(tmp_path / "snapshot")
        # Faster than the follower, which may look only when all of this is done.
        revisions = [
            await other.commit([Change("/port/c", b"%d" % n)]) for n in range(9 if overtaken else 1)
        ]
        assert (revisions[-1] > seen) is overtaken
        last = b"8" if overtaken else b"0"
        await eventually(lambda: follower.held.get("/port/c") == last)
        assert follower.held == await try_read(other)
        assert follower.reloads == 2
        assert follower.held["/port/a"] == b"1"


async def restored(own: Cluster, store: EtcdStore, snapshot: Path) -> int:
    """Write, and restore what was there before; return the revision that nobody has any more."""
    await store.commit([Change("/port/a", b"1")])
    own.snapshot(snapshot)
    await store.commit([Change("/port/a", b"2")])
    seen = (await store.read()).revision
    own.restore(snapshot)
    return seen


async def test_a_watch_that_begins_again_notices_another_past(
    own: Cluster, open_store: Open, tmp_path: Path
) -> None:
    store = open_store(own)
    seen = await restored(own, store, tmp_path / "snapshot")
    other = open_store(own)
    while await other.commit([Change("/port/b", b"x")]) <= seen:
        continue
    with pytest.raises(Compacted, match="another past"):
        await anext(aiter(store.watch(seen)))
    with pytest.raises(Compacted, match="another past"):
        await store.read(["/port/"], at=seen)


async def test_statuses_alone_do_not_hide_another_past(
    own: Cluster, open_store: Open, tmp_path: Path
) -> None:
    """The agents' own reports push the revisions on; they must not pass for what was seen."""
    store = open_store(own)
    seen = await restored(own, store, tmp_path / "snapshot")
    other = open_store(own)
    while await other.commit([Change("/status/agent/h1", b"{}")]) < seen + 5:
        continue
    with pytest.raises(Compacted):
        await anext(aiter(store.watch(seen)))


async def test_a_store_that_was_compacted_meanwhile_is_read_again(
    own: Cluster, open_store: Open
) -> None:
    store = open_store(own)
    start = await store.commit([Change("/port/a", b"1")])
    for value in (b"2", b"3"):
        last = await store.commit([Change("/port/a", value)])
    own.ctl("compact", str(last))
    with pytest.raises(Compacted):
        await anext(aiter(store.watch(start)))
    with pytest.raises(Compacted):
        await store.read(at=start)
    assert dict((await store.read()).objects) == {"/port/a": b"3"}


async def test_a_watch_outlives_compactions(own: Cluster, open_store: Open) -> None:
    store, reader = open_store(own), open_store(own)
    await store.commit([Change("/port/a", b"0")])
    async with following(reader) as follower:
        for number in range(1, 20):
            last = await store.commit([Change("/port/a", b"%d" % number)])
            own.ctl("compact", str(last))
        await follower.until(last)
        assert follower.held == {"/port/a": b"19"}


async def fill(store: EtcdStore) -> None:
    for number in range(200):
        await store.commit([Change("/status/agent/big", b"%d" % number * 20_000)])


async def test_a_full_etcd_says_so_and_is_still_read(tmp_path: Path, open_store: Open) -> None:
    with Cluster(tmp_path, options=["--quota-backend-bytes", str(2 << 20)]) as small:
        store, reader = open_store(small), open_store(small)
        await store.commit([Change("/port/a", b"1")])
        async with following(reader) as follower:
            with pytest.raises(StoreError, match=r"etcd is full .* alarm disarm"):
                await fill(store)
            with pytest.raises(StoreError, match="etcd is full"):
                await store.commit([Change("/port/a", b"2")])
            assert follower.held == {"/port/a": b"1"}
            assert dict((await store.read(["/port/"])).objects) == {"/port/a": b"1"}
            revision = (await store.read([])).revision
            small.ctl("compact", str(revision))
            small.ctl("defrag")
            small.ctl("alarm", "disarm")
            await follower.until(await store.commit([Change("/port/a", b"3")]))
            assert follower.held == {"/port/a": b"3"}
            assert follower.failures == 0


async def test_a_server_that_is_away_for_a_while_is_found_again(
    own: Cluster, open_store: Open
) -> None:
    store, reader = open_store(own), open_store(own)
    await store.commit([Change("/port/a", b"1")])
    async with following(reader) as follower:
        own.kill(0)
        with pytest.raises(StoreError, match="cannot be reached"):
            await store.read()
        own.start(0)
        await follower.until(await store.commit([Change("/port/a", b"2")]))
        assert (follower.held, follower.reloads) == ({"/port/a": b"2"}, 1)
