"""What every driver of the store promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from damselfly.errors import Compacted, Conflict, StoreError
from damselfly.northbound.store import Change, Commit, Store


def put(key: str, value: bytes = b"x") -> Change:
    return Change(key, value)


async def take(commits: AsyncIterator[Commit], count: int) -> list[Commit]:
    async with asyncio.timeout(5):
        return [await anext(commits) for _ in range(count)]


async def test_an_empty_store_is_at_revision_zero(store: Store) -> None:
    contents = await store.read()
    assert (contents.revision, dict(contents.objects)) == (0, {})


async def test_a_commit_is_read_back(store: Store) -> None:
    revision = await store.commit([put("/port/a", b"1"), put("/port/b", b"\x00\xff")])
    contents = await store.read()
    assert contents.revision == revision
    assert dict(contents.objects) == {"/port/a": b"1", "/port/b": b"\x00\xff"}


async def test_each_commit_gets_the_next_revision(store: Store) -> None:
    revisions = [await store.commit([put("/port/a")]) for _ in range(3)]
    assert revisions == [1, 2, 3]


async def test_an_empty_commit_gets_no_revision(store: Store) -> None:
    await store.commit([put("/port/a")])
    assert await store.commit([]) == 1


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
    await store.commit([put("/port/a")])
    contents = await store.read([])
    assert (contents.revision, dict(contents.objects)) == (1, {})


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
    await store.commit([put("/port/a", b"1")])
    for expected in ({"/port/a": b"2"}, {"/port/a": None}, {"/port/b": b"1"}):
        with pytest.raises(Conflict):
            await store.commit([put("/port/c")], expected=expected)
    contents = await store.read()
    assert (contents.revision, list(contents.objects)) == (1, ["/port/a"])


async def test_a_commit_whose_expectation_holds_is_written(store: Store) -> None:
    await store.commit([put("/port/a", b"1")])
    await store.commit([put("/port/a", b"2")], expected={"/port/a": b"1", "/port/b": None})
    assert (await store.read()).objects["/port/a"] == b"2"


async def test_watching_yields_past_and_future_commits_in_order(store: Store) -> None:
    await store.commit([put("/port/a", b"1")])
    await store.commit([put("/port/a", b"2"), Change("/port/a", None)])
    commits = store.watch(0)
    past = await take(commits, 2)
    assert past == [
        Commit(1, (put("/port/a", b"1"),)),
        Commit(2, (put("/port/a", b"2"), Change("/port/a", None))),
    ]
    waiting = asyncio.ensure_future(take(commits, 1))
    await asyncio.sleep(0)
    await store.commit([put("/port/b")])
    assert await waiting == [Commit(3, (put("/port/b"),))]


async def test_watching_starts_after_the_given_revision(store: Store) -> None:
    for value in (b"1", b"2", b"3"):
        await store.commit([put("/port/a", value)])
    assert [one.revision for one in await take(store.watch(2), 1)] == [3]


async def test_watching_shows_only_what_starts_with_a_prefix(store: Store) -> None:
    await store.commit([put("/status/agent/h1")])
    await store.commit([put("/port/a"), put("/status/agent/h1"), put("/rule/web/1")])
    await store.commit([put("/rule/db/1")])
    seen = await take(store.watch(0, ["/port/", "/rule/web/"]), 1)
    assert seen == [Commit(2, (put("/port/a"), put("/rule/web/1")))]


async def test_two_watchers_see_the_same(store: Store) -> None:
    first, second = store.watch(0), store.watch(0)
    waiting = asyncio.gather(take(first, 2), take(second, 2))
    await asyncio.sleep(0)
    await store.commit([put("/port/a")])
    await store.commit([put("/port/b")])
    one, other = await waiting
    assert one == other
    assert [commit.revision for commit in one] == [1, 2]


async def test_a_watch_may_be_cancelled(store: Store) -> None:
    waiting = asyncio.ensure_future(take(store.watch(0), 1))
    await asyncio.sleep(0.03)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await store.commit([put("/port/a")]) == 1


async def test_watching_from_a_forgotten_revision_is_refused(
    open_store: Callable[..., Store],
) -> None:
    store = open_store(keep=10)
    for _ in range(200):
        await store.commit([put("/port/a")])
    with pytest.raises(Compacted):
        await take(store.watch(1), 1)
    assert [one.revision for one in await take(store.watch(195), 5)] == list(range(196, 201))


async def test_watching_from_a_revision_that_never_was_is_refused(store: Store) -> None:
    await store.commit([put("/port/a")])
    with pytest.raises(Compacted):
        await take(store.watch(7), 1)


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    with pytest.raises(StoreError):
        await store.read()
    with pytest.raises(StoreError):
        await store.commit([put("/port/a")])
    with pytest.raises(StoreError):
        await take(store.watch(0), 1)


async def test_closing_ends_a_watch(store: Store) -> None:
    waiting = asyncio.ensure_future(take(store.watch(0), 1))
    await asyncio.sleep(0.03)
    await store.close()
    with pytest.raises(StoreError):
        await waiting
