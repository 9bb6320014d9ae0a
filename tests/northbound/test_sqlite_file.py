"""The file of the embedded store: who may read it, and what is said when it cannot be used."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from damselfly.errors import Compacted, NoStore, StoreError
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Change


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.db"


async def filled(path: Path) -> None:
    store = SqliteStore(path)
    await store.commit([Change(f"/port/{number}", b"x" * 1000) for number in range(100)])
    await store.close()


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def remove(path: Path) -> None:
    for file in path.parent.glob(path.name + "*"):
        file.unlink()


def refusal(path: Path, *, create: bool = True) -> str:
    with pytest.raises(StoreError) as caught:
        SqliteStore(path, create=create)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_only_the_owner_may_read_the_files(path: Path) -> None:
    old = os.umask(0)
    try:
        store = SqliteStore(path)
        await store.commit([Change("/port/a", b"1")])
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        await store.close()
    finally:
        os.umask(old)
    assert set(modes) == {"policy.db", "policy.db-wal", "policy.db-shm"}
    assert set(modes.values()) == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
async def test_files_that_root_makes_belong_to_the_owner_of_their_directory(path: Path) -> None:
    """Else an agent of another user could not read what ``damselfly apply`` wrote as root."""
    os.chown(path.parent, 4242, 4243)
    store = SqliteStore(path)
    await store.commit([Change("/port/a", b"1")])
    owners = {(file.stat().st_uid, file.stat().st_gid) for file in path.parent.iterdir()}
    assert owners == {(4242, 4243)}
    assert len(list(path.parent.iterdir())) == 3
    await store.close()


def test_a_link_to_a_file_that_is_not_there_yet_is_followed(path: Path) -> None:
    place = path.parent / "elsewhere.db"
    path.symlink_to(place)
    asyncio.run(SqliteStore(path).close())
    assert place.stat().st_mode & 0o777 == 0o600


async def test_a_missing_directory_is_made(tmp_path: Path) -> None:
    await SqliteStore(tmp_path / "a" / "b" / "policy.db").close()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_a_missing_file_is_not_made_unasked(path: Path) -> None:
    assert "there is no store" in refusal(path, create=False)
    assert not path.exists()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("networks:\n" * 100)
    assert "no SQLite database" in refusal(path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    refusal(tmp_path)


def test_somebody_elses_database_is_refused_and_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (name TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    assert "not Damselfly's" in refusal(path)
    assert path.read_bytes() == before


async def test_a_newer_schema_is_refused(path: Path) -> None:
    await filled(path)
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version = 99")
    other.close()
    assert "schema version 99" in refusal(path)


async def test_a_damaged_file_is_named(path: Path) -> None:
    await filled(path)
    damage(path)
    with pytest.raises(StoreError, match="damaged"):
        await SqliteStore(path).read()


async def test_a_full_disk_is_named_and_nothing_is_half_written(path: Path) -> None:
    store = SqliteStore(path)
    await store.commit([Change("/port/a", b"1")])
    store._thread.submit(store._file._db.execute, "PRAGMA max_page_count = 8").result()
    with pytest.raises(StoreError, match="disk is full"):
        await store.commit([Change("/port/a", b"2"), Change("/port/b", b"x" * 100_000)])
    assert dict((await store.read()).objects) == {"/port/a": b"1"}
    await store.close()


async def test_a_locked_file_is_named(path: Path) -> None:
    store = SqliteStore(path)
    store._thread.submit(store._file._db.execute, "PRAGMA busy_timeout = 50").result()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await store.commit([Change("/port/a", b"1")])
    assert (await store.read()).revision == 0, "readers do not wait for a writer"
    other.execute("ROLLBACK")
    other.close()
    await store.commit([Change("/port/a", b"1")])
    await store.close()


async def test_a_removed_file_ends_the_watch(path: Path) -> None:
    await filled(path)
    store = SqliteStore(path)
    waiting = asyncio.ensure_future(anext(store.watch(1)))
    await asyncio.sleep(0.03)
    remove(path)
    async with asyncio.timeout(5):
        with pytest.raises(NoStore):
            await waiting
    with pytest.raises(NoStore):
        await store.read()
    await store.close()


async def test_a_file_in_its_place_is_taken_up_and_read_again(path: Path) -> None:
    await filled(path)
    store = SqliteStore(path)
    waiting = asyncio.ensure_future(anext(store.watch(1)))
    await asyncio.sleep(0.03)
    remove(path)
    other = SqliteStore(path)
    await other.commit([Change("/port/new", b"1")])
    async with asyncio.timeout(5):
        with pytest.raises(Compacted):
            await waiting
    assert list((await store.read()).objects) == ["/port/new"]
    await store.commit([Change("/port/newer", b"2")])
    assert (await other.read()).revision == 2
    await store.close()
    await other.close()


async def test_the_log_does_not_grow_for_ever(path: Path) -> None:
    store = SqliteStore(path, keep=20)
    for _ in range(300):
        await store.commit([Change("/status/agent/h1", b"x")])
    await store.close()
    file = sqlite3.connect(path)
    assert file.execute("SELECT count(*) FROM log").fetchone()[0] <= 20 + 64
    file.close()


async def test_a_read_only_file_is_named(path: Path) -> None:
    store = SqliteStore(path)
    store._thread.submit(store._file._db.execute, "PRAGMA query_only = 1").result()
    with pytest.raises(StoreError, match="read-only"):
        await store.commit([Change("/port/a", b"1")])
    await store.close()
