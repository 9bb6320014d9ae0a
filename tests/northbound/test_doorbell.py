"""Hearing of other processes' commits, with and without the kernel's help."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from damselfly.northbound.sqlite import SqliteStore, doorbell
from damselfly.northbound.sqlite.doorbell import Doorbell
from damselfly.northbound.store import Change


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


async def test_a_write_ends_an_idle_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "_IDLE", 3600)
    path = tmp_path / "log"
    append(path)
    with Doorbell(path) as bell:
        pause = asyncio.ensure_future(bell.pause())
        await asyncio.sleep(0.02)
        assert not pause.done()
        append(path)
        async with asyncio.timeout(10):
            await pause


async def test_without_a_write_a_pause_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "_IDLE", 0.01)
    append(tmp_path / "log")
    with Doorbell(tmp_path / "log") as bell:
        async with asyncio.timeout(10):
            await bell.pause()


async def test_commits_are_seen_where_the_kernel_cannot_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more_instances(_: Path) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(doorbell, "_listen", no_more_instances)
    reader, writer = SqliteStore(tmp_path / "db"), SqliteStore(tmp_path / "db")
    waiting = asyncio.ensure_future(anext(reader.watch(0)))
    await asyncio.sleep(0.03)
    await writer.commit([Change("/port/a", b"1")])
    async with asyncio.timeout(10):
        assert (await waiting).revision == 1
    await reader.close()
    await writer.close()
