"""What every driver of the store promises to those who read and write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from damselfly.errors import Compacted, Conflict, StoreError
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.store import Change, Commit, Store

from .steps import put, take


async def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert dict((await store.read()).objects) == {}


async def test_a_commit_is_read_back(store: Store) -> None:
    revision = await store.commit([put("/port/a", b"1"), put("/port/b", b"\x00\xff")])
    contents = await store.read()
    assert contents.revision == revision
    assert dict(contents.objects) == {"/port/a": b"1", "/port/b": b"\x00\xff"}


async def test_each_commit_gets_a_later_revision(store: Store, start: int) -> None:
    revisions = [await store.commit([put("/port/a")]) for _ in range(3)]
    assert [start, *revisions] == sorted({start, *revisions})


async def test_an_empty_commit_gets_no_revision(store: Store) -> None:
    revision = await store.commit([put("/port/a")])
    assert await store.commit([]) == revision
    assert await store.commit([], expected={"/port/a": b"x"}) == revision


async def test_a_deleted_key_is_gone(store: Store) -> None:
    await store.commit([put("/port/a"), put("/port/b")])
    await store.commit([Change("/port/a", None)])
    assert list((await store.read()).objects) == ["/port/b"]


async def test_reading_gives_only_what_starts_with_a_prefix(store: Store) -> None:
    await store.commit([put("/port/a"), put("/port/ab"), put("/porta/b"), put("/rule/web/1")])
    assert sorted((await store.read(["/port/"])).objects) == ["/port/a", "/port/ab"]
    both = await store.read(["/port/a", "/rule/web/", "/port/"])
    assert sorted(both.objects) == ["/port/a", "/port/ab", "/rule/web/1"]


async def test_reading_no_prefix_gives_nothing_but_the_revision(store: Store) -> None:
    revision = await store.commit([put("/port/a")])
    contents = await store.read([])
    assert (contents.revision, dict(contents.objects)) == (revision, {})


async def test_reading_as_of_a_revision_gives_that_one_or_none(store: Store) -> None:
    first = await store.commit([put("/port/a", b"1")])
    assert dict((await store.read(at=first)).objects) == {"/port/a": b"1"}
    second = await store.commit([put("/port/a", b"2")])
    try:
        contents = await store.read(at=first)
    except Compacted:
        pass
    else:
        assert (contents.revision, dict(contents.objects)) == (first, {"/port/a": b"1"})
    with pytest.raises(Compacted):
        await store.read(at=second + 7)


async def test_keys_may_hold_any_text(store: Store) -> None:
    keys = ["/rule/web/0.0.0.0%2F0", "/port/ünïcode ☂", "/port/'; DROP TABLE object; --"]
    await store.commit([put(key) for key in keys])
    assert sorted((await store.read()).objects) == sorted(keys)
    assert list((await store.read(["/port/ü"])).objects) == [keys[1]]


async def test_what_was_read_does_not_change_afterwards(store: Store) -> None:
    await store.commit([put("/port/a", b"1")])
    contents = await store.read()
    await store.commit([put("/port/a", b"2"), put("/port/b")])
    assert dict(contents.objects) == {"/port/a": b"1"}


async def test_a_commit_whose_expectation_fails_changes_nothing(store: Store) -> None:
    revision = await store.commit([put("/port/a", b"1")])
    for expected in ({"/port/a": b"2"}, {"/port/a": None}, {"/port/b": b"1"}):
        with pytest.raises(Conflict):
            await store.commit([put("/port/c")], expected=expected)
    contents = await store.read()
    assert (contents.revision, list(contents.objects)) == (revision, ["/port/a"])


async def test_a_commit_whose_expectation_holds_is_written(store: Store) -> None:
    await store.commit([put("/port/a", b"1")])
    await store.commit([put("/port/a", b"2")], expected={"/port/a": b"1", "/port/b": None})
    assert (await store.read()).objects["/port/a"] == b"2"


@pytest.mark.parametrize("size", [300, 2_500])
async def test_a_commit_of_any_size_is_seen_as_a_whole(store: Store, start: int, size: int) -> None:
    await store.commit([put("/port/old"), put("/rule/web/1")])
    changes = [put(f"/port/{number}", b"x" * 1_000) for number in range(size)]
    changes.append(Change("/port/old", None))
    revision = await store.commit(changes, expected={one.key: None for one in changes[:-1]})
    contents = await store.read(["/port/"])
    assert contents.objects == {one.key: one.value for one in changes[:-1]}
    _, seen = await take(store.watch(start, ["/port/"]), 2)
    assert (seen.revision, set(seen.changes)) == (revision, set(changes))


async def test_a_large_commit_whose_expectation_fails_leaves_nothing(store: Store) -> None:
    before = await store.commit([put("/port/7")])
    changes = [put(f"/port/{number}") for number in range(500)]
    with pytest.raises(Conflict, match="/port/7"):
        await store.commit(changes, expected={one.key: None for one in changes})
    assert list((await store.read()).objects) == ["/port/7"]
    after = await store.commit([put("/port/8")])
    assert await anext(store.watch(before)) == Commit(after, (put("/port/8"),))


async def test_writers_at_once_lose_nothing(open_store: Callable[..., Store]) -> None:
    first = open_store()
    await first.commit([put("/counter", b"0")])

    async def add(store: Store) -> None:
        for _ in range(10):
            while True:
                old = (await store.read(["/counter"])).objects["/counter"]
                new = Change("/counter", b"%d" % (int(old) + 1))
                try:
                    await store.commit([new], expected={"/counter": old})
                except Conflict:
                    continue
                break

    others = [first] if isinstance(first, MemoryStore) else [open_store(), open_store()]
    await asyncio.gather(*(add(store) for store in (first, *others)))
    assert (await first.read()).objects["/counter"] == b"%d" % (10 * (1 + len(others)))


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError):
        await store.read()
    with pytest.raises(StoreError):
        await store.commit([put("/port/a")])
    with pytest.raises(StoreError):
        await take(store.watch(0), 1)
