"""Two agents of one host name: the second refuses to start; the dead are replaced."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from damselfly.agent.following.name import HostName
from damselfly.errors import NameTaken, StoreError
from damselfly.northbound.memory import MemoryStore

OTHER = """
import asyncio, sys, time
from damselfly.agent.following.name import HostName
from damselfly.northbound.memory import MemoryStore
async def main():
    store = MemoryStore()
    await HostName(store, "h1").take(print, 0.01)
    print((await store.holders())["h1"].decode(), flush=True)
asyncio.run(main())
time.sleep(60)
"""


@contextmanager
def another_agent() -> Iterator[tuple[bytes, subprocess.Popen[bytes]]]:
    """Run a process that holds a name; yield what it says of itself."""
    process = subprocess.Popen([sys.executable, "-c", OTHER], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()


async def take(store: MemoryStore, patience: float = 0.05) -> HostName:
    name = HostName(store, "h1", patience)
    async with asyncio.timeout(5):
        await name.take(lambda _: None, 0.01)
    return name


async def test_a_name_that_a_living_process_of_this_machine_holds_is_refused_at_once() -> None:
    store = MemoryStore()
    with another_agent() as (holder, process):
        await store.hold("h1", holder)
        with pytest.raises(NameTaken, match=f"'h1' runs already: pid {process.pid} on"):
            await take(store, patience=3600)


async def test_a_process_of_this_machine_that_was_killed_is_replaced_at_once() -> None:
    store = MemoryStore()
    with another_agent() as (holder, process):
        await store.hold("h1", holder)
        process.kill()
        process.wait()
        assert (await take(store, patience=3600)).taken.is_set()
    assert (await store.holders())["h1"] != holder


@pytest.mark.parametrize("boot", ["another", None])
async def test_a_holder_that_nobody_can_look_at_is_waited_for_and_then_believed(
    boot: str | None,
) -> None:
    store = MemoryStore()
    with another_agent() as (holder, process):
        process.kill()
        process.wait()
        said = b"?" if boot is None else json.dumps({**json.loads(holder), "boot": boot}).encode()
        await store.hold("h1", said)
        with pytest.raises(NameTaken):
            await take(store)
    assert (await store.holders())["h1"] == said


async def test_a_store_that_is_away_is_waited_for() -> None:
    class Away(MemoryStore):
        fails = 3

        async def holders(self) -> Mapping[str, bytes]:
            raise StoreError("away")

        async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
            if self.fails:
                self.fails -= 1
                raise StoreError("away")
            await super().hold(name, holder, instead_of)

    told: list[str] = []
    await HostName(Away(), "h1").take(told.append, 0.001)
    assert told == ["away"] * 3


@pytest.mark.parametrize("free", [True, False])
async def test_a_store_that_is_full_keeps_no_agent_from_a_name_that_is_free(free: bool) -> None:
    class Full(MemoryStore):
        async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
            raise StoreError("full")

        async def holders(self) -> Mapping[str, bytes]:
            return {} if free else {"h1": b"somebody"}

    told: list[str] = []
    name = HostName(Full(), "h1")
    taking = asyncio.create_task(name.take(told.append, 0.001))
    await asyncio.sleep(0.05)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert (name.taken.is_set(), bool(told)) == (free, not free)
