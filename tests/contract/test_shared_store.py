"""What a store promises that several processes share."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Change

WRITER = """
import asyncio, sys
from pathlib import Path
from damselfly.errors import Conflict
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Change

async def add_one(store):
    while True:
        old = (await store.read(["/counter"])).objects.get("/counter")
        new = str(int(old or b"0") + 1).encode()
        try:
            return await store.commit([Change("/counter", new)], expected={"/counter": old})
        except Conflict:
            continue

async def main(path, name, count):
    store = SqliteStore(Path(path))
    for number in range(int(count)):
        changes = [Change(f"/{name}/{number}/{part}", b"x" * 500) for part in range(20)]
        revision = await store.commit(changes)
        await add_one(store)
        print(revision, flush=True)
    await store.close()

asyncio.run(main(*sys.argv[1:]))
"""
ROOT = Path(__file__).parents[2]


async def writer(path: Path, name: str, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), name, str(count),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.db"


async def test_another_process_sees_each_commit_in_order(path: Path) -> None:
    store = SqliteStore(path)
    process = await writer(path, "a", 5)
    seen = []
    async with asyncio.timeout(30):
        async for commit in store.watch(0):
            seen.append(commit)
            if len(seen) == 10:
                break
    assert await process.wait() == 0
    assert [commit.revision for commit in seen] == list(range(1, 11))
    assert [change.key for change in seen[0].changes] == [f"/a/0/{part}" for part in range(20)]
    await store.close()


async def test_two_writers_at_once_lose_nothing(path: Path) -> None:
    processes = [await writer(path, name, 30) for name in ("a", "b")]
    revisions = []
    for process in processes:
        output, _ = await process.communicate()
        assert process.returncode == 0
        revisions += [int(line) for line in output.split()]
    store = SqliteStore(path, create=False)
    contents = await store.read()
    await store.close()
    assert contents.revision == 120
    assert len(set(revisions)) == 60
    assert contents.objects["/counter"] == b"60"
    assert len(contents.objects) == 2 * 30 * 20 + 1


async def test_a_killed_writer_leaves_whole_commits_only(path: Path) -> None:
    for attempt in range(5):
        process = await writer(path, f"w{attempt}", 100_000)
        assert process.stdout is not None
        acknowledged = [int(await process.stdout.readline()) for _ in range(1 + 3 * attempt)]
        process.send_signal(signal.SIGKILL)
        rest = await process.stdout.read()
        await process.wait()
        acknowledged += [int(line) for line in rest.split(b"\n")[:-1]]
        store = SqliteStore(path)
        contents = await store.read([f"/w{attempt}/"])
        await store.close()
        parts: dict[str, int] = {}
        for key in contents.objects:
            number = key.split("/")[2]
            parts[number] = parts.get(number, 0) + 1
        assert set(parts.values()) == {20}
        assert len(parts) >= len(acknowledged)
        assert contents.revision >= acknowledged[-1]


async def test_many_processes_may_create_the_store_at_once(path: Path) -> None:
    processes = [await writer(path, f"p{number}", 1) for number in range(6)]
    assert [await process.wait() for process in processes] == [0] * 6
    store = SqliteStore(path, create=False)
    assert (await store.read(["/counter"])).objects["/counter"] == b"6"
    await store.close()


async def test_a_commit_wakes_a_watch_in_the_same_process_by_another_connection(path: Path) -> None:
    reader, other = SqliteStore(path), SqliteStore(path)
    waiting = asyncio.ensure_future(anext(reader.watch(0)))
    await asyncio.sleep(0.05)
    value = json.dumps({"v": 1}).encode()
    await other.commit([Change("/port/a", value)])
    async with asyncio.timeout(5):
        assert (await waiting).changes == (Change("/port/a", value),)
    await reader.close()
    await other.close()
