"""Follow the commits: the records tell what was touched, and what is wanted of it is read.

All records have one key and etcd tells of the changes of a key in order and without gaps, so a
watch that knows a record has seen every commit up to it.  What is read is read as of the record's
revision: nothing of two commits is ever mixed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from itertools import groupby

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.store import STATUS, Change, Commit, Wanted, chooser, follows_policy

from .layout import Layout, Record, end_of
from .reading import Head, Reading
from .rpc import Ahead, Session
from .rpc.answers import Event, News, news
from .rpc.requests import watch
from .rpc.session import WATCH

_REMEMBERED = 32


class Lineage:
    """What this process has seen of the store's past: which commit was the last at a revision.

    A cluster that was restored from a snapshot counts on from an older revision.  Its numbers may
    be those of another past; the ids of the commits are not.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, str]] = {}

    def note(self, revision: int, written_at: int, record: Record) -> None:
        """Remember which commit was the last one at a revision."""
        self._seen.pop(revision, None)  # To be the latest.
        self._seen[revision] = (written_at, record.id)
        for old in list(self._seen)[:-_REMEMBERED]:
            del self._seen[old]

    def agrees(self, revision: int, head: Head) -> bool:
        """Tell whether the store's past at the revision is the one that was seen."""
        return self._seen.get(revision, (head.written_at, head.record.id)) == (
            head.written_at,
            head.record.id,
        )


class Following:
    """Watches of one store."""

    def __init__(
        self, session: Session, layout: Layout, reading: Reading, lineage: Lineage
    ) -> None:
        self._session = session
        self._layout = layout
        self._reading = reading
        self._lineage = lineage

    async def commits(self, since: int, prefixes: Wanted) -> AsyncIterator[Commit]:
        """Yield what happens after a revision.  Raises Compacted, StoreError."""
        async with aclosing(self._events(since, prefixes)) as seen:
            async for revision, events in seen:
                commit = await self._commit(revision, events, prefixes)
                if commit is not None:
                    yield commit

    async def _check(self, since: int) -> None:
        """Make sure that the store's past is the one that the revision belongs to.

        Only once the watch is there: a request that had not left yet when the connection broke may
        go to whoever answers next, unnoticed, and that may be a cluster with another past.
        """
        try:
            head = await self._reading.head(since)
        except Ahead:
            raise Compacted(f"the store has never come to revision {since}") from None
        if not self._lineage.agrees(since, head):
            raise Compacted(f"the store has another past than that of revision {since}")
        self._lineage.note(since, head.written_at, head.record)

    async def _events(
        self, since: int, prefixes: Wanted
    ) -> AsyncGenerator[tuple[int, list[Event]], None]:
        start, end = self._range(prefixes)
        stream = await self._session.stream(WATCH, watch(start, end, since + 1))
        checked = False
        try:
            while True:
                told = news(await stream.read())
                _check_alive(told)
                if not checked:
                    await self._check(since)
                    checked = True
                for revision, events in groupby(told.events, key=lambda event: event.revision):
                    yield revision, list(events)
        finally:
            stream.close()

    def _range(self, prefixes: Wanted) -> tuple[bytes, bytes]:
        """Return the one range of keys in which everything is told, in order."""
        layout = self._layout
        if callable(prefixes):
            return layout.revisions, b""
        says = [place for prefix in prefixes for place in layout.statuses(prefix)]
        if not follows_policy(prefixes):
            return min(says), end_of(max(says))
        return layout.revisions, end_of(layout.at(STATUS)) if says else b""

    async def _commit(
        self, revision: int, events: Iterable[Event], prefixes: Wanted
    ) -> Commit | None:
        changes = list(self._statuses(events, prefixes))
        for event in events:
            if event.key == self._layout.revisions:
                if event.value is None:
                    raise Compacted("the store was emptied")
                record = Record.decode(event.value)
                self._lineage.note(revision, revision, record)
                changes = await self._policy(record, revision, prefixes) + changes
                return Commit(revision, tuple(changes))
        return Commit(revision, tuple(changes)) if changes else None

    def _statuses(self, events: Iterable[Event], prefixes: Wanted) -> Iterator[Change]:
        wants = chooser(prefixes)
        for event in events:
            key = self._layout.name(event.key)
            if key.startswith(STATUS) and wants(key):
                yield Change(key, event.value)

    async def _policy(self, record: Record, revision: int, prefixes: Wanted) -> list[Change]:
        wants = chooser(prefixes)
        if record.is_large and callable(prefixes):
            chosen = await self._reading.chosen_parts(record.id, prefixes, revision)
            return [Change(key, value) for key, value in chosen.items()]
        if record.is_large and not callable(prefixes):
            parts = await self._reading.parts(record.id, prefixes, revision)
            return [Change(key, value) for key, value in parts.items()]
        wanted = [key for key in record.keys if wants(key) and not key.startswith(STATUS)]
        places = [self._layout.at(key) for key in wanted]
        values = await self._reading.values(places, revision)
        return [Change(key, value) for key, value in zip(wanted, values, strict=True)]


def _check_alive(told: News) -> None:
    if told.compacted:
        raise Compacted("the store no longer knows what changed")
    if told.canceled:
        raise StoreError(f"the store ended the watch: {told.reason or 'no reason given'}")
