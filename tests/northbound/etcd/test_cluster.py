"""A cluster of three: one server may go at any time; without a majority nothing is written."""

from __future__ import annotations

import asyncio

import pytest

from damselfly.errors import StoreError
from damselfly.northbound.etcd import EtcdStore
from damselfly.northbound.store import Change, Store
from lab.etcd import Cluster

from .conftest import Open
from .follower import eventually, following, try_read


async def insisting(store: Store, number: int) -> int:
    """Count up, and insist where the answer is lost; return the revision."""
    old = None if number == 0 else b"%d" % (number - 1)
    async with asyncio.timeout(30):
        while True:
            try:
                changes = [Change("/port/count", b"%d" % number), Change(f"/port/{number}", b"x")]
                return await store.commit(changes, {"/port/count": old})
            except StoreError:
                contents = await try_read(store)
                if contents.get("/port/count") == b"%d" % number:
                    return (await store.read([])).revision


async def test_servers_are_killed_one_after_the_other_and_nothing_is_lost(
    three: Cluster, open_store: Open
) -> None:
    writer, reader = open_store(three, "/one"), open_store(three, "/one")
    async with following(reader) as follower:
        number = 0
        for index in range(3):
            for _ in range(5):
                revision = await insisting(writer, number)
                number += 1
            three.kill(index)
            for _ in range(5):
                revision = await insisting(writer, number)
                number += 1
            await follower.until(revision)
            assert len(follower.held) == number + 1
            three.start(index)
        assert follower.reloads == 1, "it went on from what it had seen"
        assert follower.held == await try_read(writer)


async def test_without_a_majority_nothing_is_written_and_with_it_everything_goes_on(
    three: Cluster, open_store: Open
) -> None:
    store, reader = open_store(three, "/majority"), open_store(three, "/majority")
    first = await store.commit([Change("/port/a", b"1")])
    async with following(reader) as follower:
        await follower.until(first)
        three.kill(0)
        three.kill(1)
        with pytest.raises(StoreError):
            await store.commit([Change("/port/a", b"2")], {"/port/a": b"1"})
        await eventually(lambda: follower.failures > 0)
        assert follower.held == {"/port/a": b"1"}
        for index in (0, 1):
            three.start(index, wait=False)
        three.wait()
        # What was asked for in vain may or may not have come about, but only once and whole.
        before = (await try_read(store))["/port/a"]
        revision = await store.commit([Change("/port/b", b"3")])
        await follower.until(revision)
        assert before in (b"1", b"2")
        assert follower.held == {"/port/a": before, "/port/b": b"3"}


async def test_a_server_that_says_nothing_is_left_for_another(
    three: Cluster, open_store: Open
) -> None:
    store: EtcdStore = open_store(three, "/silent", "timeout=1")
    await store.commit([Change("/port/a", b"1")])
    for index in range(3):
        three.pause(index)
        try:
            assert await insisting_read(store) == {"/port/a": b"1"}
        finally:
            three.resume(index)
        three.wait()


async def insisting_read(store: Store) -> dict[str, bytes]:
    async with asyncio.timeout(20):
        return await try_read(store)
