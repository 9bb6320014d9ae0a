"""When a store forgets, is replaced or changes in between: read anew, never mixed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from damselfly.errors import Compacted
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.selection import Selection
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Change, Contents, Store

NET = Network("net", "net", 7)


def port(name: str, network: str = "net") -> Port:
    return Port(name, network, 0x0200_0000_0001)


async def put(store: Store, *things: Stored) -> int:
    changes = [change for one in things for change in (write(one), *written_together(one))]
    return await store.commit(changes)


class Restless(MemoryStore):
    """Somebody writes whenever somebody reads something."""

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        contents = await super().read(prefixes, at)
        if prefixes and at is not None:
            await self.commit([Change("/rule/busy/1", b"{}")])
        return contents


async def test_a_store_that_never_rests_is_read_at_once() -> None:
    store = Restless()
    await put(store, NET, port("a"), port("b"))
    selection = Selection(store)
    await selection.read(["a"])
    assert set(selection.reader.snapshot.ports) == {"a", "b"}
    assert selection.reader.snapshot.networks == {"net": NET}
    assert selection.is_whole
    assert not selection.wants("/rule/busy/1")


async def test_ports_taken_from_a_store_that_moved_on_are_not_mixed_in() -> None:
    store = MemoryStore()
    await put(store, NET, port("a"))
    selection = Selection(store)
    await selection.read([])
    await put(store, port("b"))
    with pytest.raises(Compacted):
        await selection.choose(["a"])
    assert not selection.is_whole
    await selection.read(["a"])
    assert set(selection.reader.snapshot.ports) == {"a", "b"}


async def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "policy.db"
    store, other = SqliteStore(path), SqliteStore(tmp_path / "other.db")
    await put(store, NET, port("a"))
    await put(other, Network("net", "net", 8), port("a"))
    await other.close()
    selection = Selection(store)
    await selection.read(["a"])
    for file in list(tmp_path.glob("policy.db*")):  # noqa: ASYNC240
        file.unlink()
    (tmp_path / "other.db").rename(path)
    with pytest.raises(Compacted):
        await anext(aiter(store.watch(selection.revision, selection.wants)))
    await selection.read(["a"])
    assert selection.reader.snapshot.networks["net"].segmentation_id == 8
    await store.close()


async def test_a_rival_for_a_network_number_is_known_though_nobody_here_is_on_it() -> None:
    """Of two networks with one number the first by id has it; the other's ports stay shut."""
    store = MemoryStore()
    await put(store, Network("later", "", 7), port("a", "later"))
    await put(store, Network("earlier", "", 7))
    selection = Selection(store)
    await selection.read(["a"])
    assert "segmentation_id 7" in selection.reader.snapshot.closed["a"]


async def test_an_unreadable_port_is_closed_and_told() -> None:
    store = MemoryStore()
    await put(store, NET, port("a"))
    await store.commit([Change("/port/a", b"{}")])
    selection = Selection(store)
    await selection.read(["a"])
    assert "cannot be read" in selection.reader.snapshot.closed["a"]
    assert "/port/a" in selection.reader.problems


@pytest.mark.parametrize(
    "key", ["/port/a/b", "/port", "/status/agent/h1", "/gadget/1", "", "/rule/web", "/member/web"]
)
async def test_keys_of_no_known_form_are_not_wanted(key: str) -> None:
    store = MemoryStore()
    await put(store, NET, port("a"))
    selection = Selection(store)
    await selection.read(["a"])
    assert not selection.wants(key)
    assert selection.wants("/port/a")
