"""How long Python's garbage collector may stop a process that holds a large policy."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ANEW = 16
"""How often only what is new is collected before all is again."""


def keep_collections_short() -> None:
    """Have the garbage collector set aside what a full collection has left; for the whole process.

    A policy of ten thousand ports is a hundred thousand objects that stay.  To go through them
    takes as long as hundreds of decisions, and would be done whenever there are a quarter more.
    """
    done = 0

    def set_aside(phase: str, about: dict[str, int]) -> None:
        nonlocal done
        if about["generation"] < 2:
            return
        if phase == "stop":
            done += 1
            gc.freeze()
        elif done % _ANEW == 0:
            gc.unfreeze()

    gc.callbacks.append(set_aside)


@contextmanager
def put_off() -> Iterator[None]:
    """Collect nothing while very many objects are made that all stay: a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
