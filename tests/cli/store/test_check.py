"""store check: what cannot be read, refers to nothing, or is not in the index."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from damselfly.northbound.consistency import findings, repairs
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Contents
from tests.cli.conftest import Damselfly


def contents(url: str) -> Contents:
    async def read() -> Contents:
        store = open_store(url)
        found = await store.read()
        await store.close()
        return found

    return asyncio.run(read())


def damage(url: str, *changes: Change) -> None:
    async def write() -> None:
        store = open_store(url)
        await store.commit(changes)
        await store.close()

    asyncio.run(write())


def first(url: str, prefix: str) -> str:
    return min(key for key in contents(url).objects if key.startswith(prefix))


def test_what_apply_wrote_is_sound(shop: Damselfly, store_url: str) -> None:
    assert findings(contents(store_url)) == []
    answer = shop("store", "check")
    assert (answer.code, answer.out) == (0, "the store is sound\n")


@pytest.mark.parametrize("prefix", ["/member/", "/network-port/", "/segment/"])
def test_wrong_index_entries_are_found_and_put_right(
    shop: Damselfly, store_url: str, prefix: str
) -> None:
    sound = contents(store_url).objects
    entry = first(store_url, prefix)
    stray = prefix + ("4711" if prefix == "/segment/" else "nowhere/nobody")
    for wrong in (Change(entry, None), Change(entry, b"{}"), Change(stray, b"{}")):
        damage(store_url, wrong)
        answer = shop("store", "check", "-o", "json")
        assert [each["key"] for each in answer.data["findings"]] == [wrong.key]
        assert answer.code == 1
        assert shop("store", "check", "--repair").code == 0
        assert contents(store_url).objects == sound


def test_unreadable_objects_are_found_and_left_alone(shop: Damselfly, store_url: str) -> None:
    port = first(store_url, "/port/")
    damage(store_url, Change(port, b"{}"), Change("/gadget/1", b"{}"))
    before = contents(store_url)
    found = {each.key for each in findings(before)}
    assert {port, "/gadget/1"} <= found
    assert repairs(before) == [], "the entries may still be the port's"
    assert shop("store", "check", "--repair").code == 1
    assert contents(store_url).objects == before.objects


def test_references_to_what_is_not_there_are_found(shop: Damselfly, store_url: str) -> None:
    objects = contents(store_url).objects
    group, network = first(store_url, "/group/"), first(store_url, "/network/")
    damage(store_url, Change(group, None), Change(network, None))
    said = [each.what for each in findings(contents(store_url))]
    name = group.removeprefix("/group/")
    assert f"there is no group {name}" in said, "its rules are left behind"
    assert any("there is no network" in what for what in said)
    assert any(f"security_groups: there is no group {name}" in what for what in said)
    assert objects != contents(store_url).objects


def test_a_remote_group_that_is_not_there_is_found(
    damselfly: Damselfly, store_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("""
security_groups:
  - {name: a, rules: [{id: r, direction: ingress, remote_group_id: b}]}
  - {name: b}
""")
    assert damselfly("apply", file).code == 0
    damage(store_url, Change("/group/b", None))
    answer = damselfly("store", "check")
    assert (answer.code, "/rule/a/r: remote_group_id: there is no group b" in answer.out) == (
        1,
        True,
    )
