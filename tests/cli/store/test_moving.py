"""store copy, backup, restore: a store moves as a whole or not at all."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from damselfly.cli.store.archive import load, save
from damselfly.errors import BadInput
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Contents
from tests.cli.conftest import Damselfly
from tests.contract.drivers import etcd

BINARY = Change("/rule/odd/\u2602", b"\xff\x00 no text")


def held(url: str) -> Mapping[str, bytes]:
    """Return all that a store holds, statuses included."""

    async def read() -> Mapping[str, bytes]:
        store = open_store(url)
        contents = await store.read()
        await store.close()
        return contents.objects

    return asyncio.run(read())


def write(url: str, *changes: Change) -> None:
    async def commit() -> None:
        store = open_store(url)
        await store.commit(changes)
        await store.close()

    asyncio.run(commit())


@pytest.fixture
def etcd_url(tmp_path: Path) -> str:
    return f"{etcd().url}{tmp_path}"


def test_a_store_is_copied_to_etcd_and_back_unchanged(
    shop: Damselfly, store_url: str, etcd_url: str, tmp_path: Path
) -> None:
    write(store_url, Change("/status/agent/h1", b"{}"), BINARY)
    policy = {k: v for k, v in held(store_url).items() if not k.startswith("/status/")}
    assert shop("store", "copy", store_url, etcd_url).code == 0
    assert held(etcd_url) == policy
    back = f"sqlite:///{tmp_path}/back.db"
    assert shop("store", "copy", etcd_url, back).code == 0
    assert held(back) == policy
    again = shop("store", "copy", etcd_url, back, "-o", "json")
    assert (again.data["written"], again.data["deleted"]) == (0, 0)


def test_other_policy_is_replaced_only_where_that_is_asked_for(
    shop: Damselfly, store_url: str, etcd_url: str
) -> None:
    write(etcd_url, Change("/port/other", b"{}"), Change("/status/agent/h1", b"{}"))
    refused = shop("store", "copy", store_url, etcd_url)
    assert (refused.code, "--replace" in refused.err) == (2, True)
    assert list(held(etcd_url)) == ["/port/other", "/status/agent/h1"]
    assert shop("store", "copy", store_url, etcd_url, "--replace").code == 0
    assert held(etcd_url) == {**held(store_url), "/status/agent/h1": b"{}"}


def test_copying_from_a_store_that_is_not_there_makes_none(
    damselfly: Damselfly, store_url: str, tmp_path: Path
) -> None:
    answer = damselfly("store", "copy", f"sqlite:///{tmp_path}/none.db", store_url)
    assert answer.code == 3
    assert list(tmp_path.glob("*.db")) == []
    assert damselfly("store", "copy", store_url, store_url).code == 2


def test_a_backup_brings_back_what_was_there(
    shop: Damselfly, store_url: str, tmp_path: Path
) -> None:
    write(store_url, BINARY)
    before, file = held(store_url), tmp_path / "backup"
    assert shop("store", "backup", file).code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    write(store_url, Change("/port/new", b"{}"), *(Change(key, None) for key in list(before)[:9]))
    assert shop("store", "restore", file).code == 2
    answer = shop("store", "restore", file, "--replace", "-o", "json")
    assert (answer.code, answer.data["written"], answer.data["deleted"]) == (0, 9, 1)
    assert held(store_url) == before


@pytest.mark.parametrize("damage", ["cut", "line", "flipped", "empty", "other", "missing"])
def test_a_damaged_backup_is_refused_and_changes_nothing(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "backup"
    save(Contents(7, {"/port/a": b"1", "/port/b": b"2"}), file)
    whole, lines = file.read_bytes(), gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "line": gzip.compress(b"".join(lines[:-1])),
            "flipped": gzip.compress(b"".join(lines).replace(b"/port/a", b"/port/c")),
            "empty": b"",
            "other": b"something else",
            "missing": b"",
        }[damage]
    )
    if damage == "missing":
        file.unlink()
    with pytest.raises(BadInput):
        load(file)


def test_a_backup_is_read_as_it_was_saved(tmp_path: Path) -> None:
    contents = Contents(7, {"/port/a": b"1", BINARY.key: BINARY.value or b""})
    save(contents, tmp_path / "backup")
    assert load(tmp_path / "backup") == contents
