"""Random histories: every driver gives the same answers as a plain dict and a plain list."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.errors import Conflict
from damselfly.northbound.store import Change, Commit, Store

from .drivers import DRIVERS

KEYS = st.sampled_from(["/a", "/a/1", "/a/2", "/ab", "/b/1", "/b/%2F", "/é"])
VALUES = st.none() | st.sampled_from([b"", b"1", b"2"])
CHANGES = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)
EXPECTED = st.none() | st.dictionaries(KEYS, VALUES, max_size=2)
PREFIXES = st.lists(st.sampled_from(["/", "/a", "/a/", "/b/", "/é", "/none"]), max_size=3)

Steps = list[tuple[dict[str, bytes | None], dict[str, bytes | None] | None]]


class Plain:
    """The contract, as plainly as it can be written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.log: list[Commit] = []

    def commit(self, changes: list[Change], expected: dict[str, bytes | None] | None) -> bool:
        if any(self.objects.get(key) != value for key, value in (expected or {}).items()):
            return False
        for key, value in changes:
            if value is None:
                self.objects.pop(key, None)
            else:
                self.objects[key] = value
        self.log.append(Commit(len(self.log) + 1, tuple(changes)))
        return True

    def under(self, prefixes: list[str]) -> dict[str, bytes]:
        return {k: v for k, v in self.objects.items() if k.startswith(tuple(prefixes))}

    def after(self, since: int, prefixes: list[str]) -> list[Commit]:
        chosen = (
            Commit(number, tuple(one for one in changes if one.key.startswith(tuple(prefixes))))
            for number, changes in ((one.revision, one.changes) for one in self.log[since:])
        )
        return [commit for commit in chosen if commit.changes]


async def check(store: Store, steps: Steps, prefixes: list[str]) -> None:
    plain = Plain()
    revisions = [(await store.read([])).revision]
    for wanted, expected in steps:
        changes = [Change(key, value) for key, value in wanted.items()]
        if plain.commit(changes, expected):
            revisions.append(await store.commit(changes, expected))
        else:
            with pytest.raises(Conflict):
                await store.commit(changes, expected)
        contents = await store.read(prefixes)
        assert contents.revision == revisions[-1] == max(revisions)
        assert dict(contents.objects) == plain.under(prefixes)
    for number, since in enumerate(revisions):
        commits = store.watch(since, prefixes)
        for commit in plain.after(number, prefixes):
            assert await next_of(commits) == (revisions[commit.revision], commit.changes)
    await store.close()


async def next_of(commits: AsyncIterator[Commit]) -> tuple[int, tuple[Change, ...]]:
    """Return the next commit that touches what is watched."""
    while not (commit := await anext(commits)).changes:
        continue
    return commit.revision, commit.changes


@pytest.mark.parametrize("driver", DRIVERS)
@settings(max_examples=40)
@given(steps=st.lists(st.tuples(CHANGES, EXPECTED), max_size=8), prefixes=PREFIXES)
def test_any_history_reads_and_watches_alike(
    driver: str,
    steps: Steps,
    prefixes: list[str],
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            await check(DRIVERS[driver](Path(directory), 1000), steps, prefixes)

    asyncio.run(run())
