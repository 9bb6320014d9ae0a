"""What every driver of the store promises to those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.store import Change, Commit, Store

from .conftest import Forget
from .steps import put, take


async def test_watching_yields_past_and_future_commits_in_order(store: Store, start: int) -> None:
    first = await store.commit([put("/port/a", b"1")])
    second = await store.commit([put("/port/c", b"2"), Change("/port/a", None)])
    commits = store.watch(start)
    past = await take(commits, 2)
    assert past == [
        Commit(first, (put("/port/a", b"1"),)),
        Commit(second, (put("/port/c", b"2"), Change("/port/a", None))),
    ]
    waiting = asyncio.ensure_future(take(commits, 1))
    await asyncio.sleep(0)
    third = await store.commit([put("/port/b")])
    assert await waiting == [Commit(third, (put("/port/b"),))]


async def test_watching_starts_after_the_given_revision(store: Store) -> None:
    revisions = [await store.commit([put("/port/a", value)]) for value in (b"1", b"2", b"3")]
    seen = await take(store.watch(revisions[1]), 1)
    assert [one.revision for one in seen] == revisions[2:]


async def test_watching_shows_only_what_starts_with_a_prefix(store: Store, start: int) -> None:
    await store.commit([put("/status/agent/h1")])
    revision = await store.commit([put("/port/a"), put("/status/agent/h1"), put("/rule/web/1")])
    await store.commit([put("/rule/db/1")])
    seen = await take(store.watch(start, ["/port/", "/rule/web/"]), 1)
    assert seen == [Commit(revision, (put("/port/a"), put("/rule/web/1")))]


async def test_of_other_policy_a_watch_tells_the_revision_and_of_statuses_nothing(
    store: Store, start: int
) -> None:
    other = await store.commit([put("/rule/db/1")])
    await store.commit([put("/status/agent/h1")])
    mine = await store.commit([put("/port/a")])
    commits = store.watch(start, ["/port/"])
    seen = [await anext(commits), await anext(commits)]
    assert seen == [Commit(other, ()), Commit(mine, (put("/port/a"),))]


async def test_a_watch_of_statuses_tells_nothing_of_policy(store: Store, start: int) -> None:
    await store.commit([put("/rule/db/1")])
    await store.commit([put("/status/agent/h2")])
    revision = await store.commit([put("/status/agent/h1")])
    commits = store.watch(start, ["/status/agent/h1"])
    assert await anext(commits) == Commit(revision, (put("/status/agent/h1"),))


async def test_two_watchers_see_the_same(store: Store, start: int) -> None:
    first, second = store.watch(start), store.watch(start)
    waiting = asyncio.gather(take(first, 2), take(second, 2))
    await asyncio.sleep(0)
    revisions = [await store.commit([put("/port/a")]), await store.commit([put("/port/b")])]
    one, other = await waiting
    assert one == other
    assert [commit.revision for commit in one] == revisions


async def test_a_watch_may_be_cancelled(store: Store, start: int) -> None:
    waiting = asyncio.ensure_future(take(store.watch(start), 1))
    await asyncio.sleep(0.03)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await store.commit([put("/port/a")]) > start


async def test_watching_from_a_forgotten_revision_is_refused(
    open_store: Callable[..., Store], forget: Forget
) -> None:
    store = open_store(keep=10)
    revisions = [await store.commit([put("/port/a")]) for _ in range(200)]
    forget(revisions[189])
    with pytest.raises(Compacted):
        await take(store.watch(revisions[0]), 1)
    seen = await take(store.watch(revisions[194]), 5)
    assert [one.revision for one in seen] == revisions[195:]


async def test_watching_from_a_revision_that_never_was_is_refused(store: Store) -> None:
    revision = await store.commit([put("/port/a")])
    with pytest.raises(Compacted):
        await take(store.watch(revision + 6), 1)


async def test_closing_ends_a_watch(store: Store, start: int) -> None:
    waiting = asyncio.ensure_future(take(store.watch(start), 1))
    await asyncio.sleep(0.03)
    await store.close()
    with pytest.raises(StoreError):
        await waiting
