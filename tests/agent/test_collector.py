"""A full collection goes through what is new; through everything only now and then."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from damselfly.collector import keep_collections_short


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    """Leave the collector as it was."""
    before = list(gc.callbacks)
    yield
    gc.callbacks[:] = before
    gc.unfreeze()


class Thing:
    """Part of a circle."""

    other: Thing


def circle() -> Thing:
    thing = Thing()
    thing.other = Thing()
    thing.other.other = thing
    return thing


def test_what_stays_is_set_aside() -> None:
    keep_collections_short()
    kept = [circle() for _ in range(1000)]
    gc.collect()
    assert gc.get_freeze_count() >= len(kept)
    assert not any(isinstance(each, Thing) for each in gc.get_objects())


def test_garbage_that_is_new_is_collected() -> None:
    keep_collections_short()
    gc.collect()
    gone = weakref.ref(circle())
    gc.collect()
    assert gone() is None


def test_garbage_that_was_set_aside_is_collected_in_the_end() -> None:
    keep_collections_short()
    kept = circle()
    gc.collect()
    gone = weakref.ref(kept)
    del kept
    for _ in range(40):
        gc.collect()
    assert gone() is None
