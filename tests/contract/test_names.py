"""What every driver of the store promises of names that one process alone may have."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from damselfly.errors import NameTaken
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.store import Store

OpenStore = Callable[..., Store]


def another(open_store: OpenStore, first: Store) -> Store:
    """Return the store as another process has it."""
    return first if isinstance(first, MemoryStore) else open_store()


async def test_a_name_has_one_holder_who_may_hold_it_on(open_store: OpenStore) -> None:
    first = open_store()
    second = another(open_store, first)
    for _ in range(3):
        await first.hold("h1/%2F ☂", b"first")
    with pytest.raises(NameTaken) as taken:
        await second.hold("h1/%2F ☂", b"second")
    assert taken.value.holder == b"first"
    await second.hold("h2", b"second")
    assert dict(await first.holders()) == {"h1/%2F ☂": b"first", "h2": b"second"}


async def test_a_name_is_free_when_its_holder_has_closed_the_store(
    open_store: OpenStore, driver: str
) -> None:
    if driver == "memory":
        return
    first, second = open_store(), open_store()
    await first.hold("h1", b"first")
    await first.close()
    assert dict(await second.holders()) == {}
    await second.hold("h1", b"second")
    assert dict(await second.holders()) == {"h1": b"second"}


async def test_a_holder_that_is_known_to_be_dead_is_replaced(
    open_store: OpenStore, driver: str
) -> None:
    first = open_store()
    second = another(open_store, first)
    await first.hold("h1", b"first")
    if driver == "sqlite":
        await first.close()  # The kernel has done so for a dead one.
    await second.hold("h1", b"second", instead_of=b"first")
    assert dict(await second.holders()) == {"h1": b"second"}


async def test_names_are_no_objects_of_the_store(store: Store) -> None:
    await store.hold("h1", b"me")
    assert dict((await store.read()).objects) == {}
