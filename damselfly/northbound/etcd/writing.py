"""Commits: all of one or nothing, exactly once, one after the other.

Each commit of policy states after which other one it comes, so a request that is repeated because
its answer was lost cannot be carried out twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from damselfly.errors import Conflict, StoreError
from damselfly.northbound.store import STATUS

from .layout import Layout, Record, as_part, end_of, of_part
from .reading import OPERATIONS, Head, Reading, batches
from .rpc import Ambiguous, Session
from .rpc.answers import Done, done
from .rpc.requests import (
    Compare,
    Delete,
    Operation,
    Put,
    Range,
    absent,
    holds,
    transaction,
    written_at,
)
from .rpc.session import TXN

_BYTES = 1 << 20
"""In one transaction; etcd takes 1.5 MiB unless it is told otherwise (``--max-request-bytes``)."""
_ABANDONED = 3600.0
"""Seconds after which the parts of a commit that never counted are deleted."""
_PATIENCE = 30.0
"""Seconds for which others may be faster before a commit is given up."""
_AT_ONCE = 4
_Expected = Mapping[str, bytes | None]


class _Large(NamedTuple):
    """A commit whose changes are written as parts; without an id: a small one."""

    id: str = ""
    begun_at: int = 0
    """The revision that wrote its mark."""


class Writing:
    """Commits to one store."""

    def __init__(self, session: Session, layout: Layout, reading: Reading) -> None:
        self._session = session
        self._layout = layout
        self._reading = reading
        self._head: Head | None = None
        """As far as is known; a commit on an old one fails and learns the new one."""

    async def commit(self, changes: Mapping[str, bytes | None], expected: _Expected) -> int:
        """Write all changes or none; return the revision.  Raises Conflict, StoreError."""
        if all(key.startswith(STATUS) for key in (*changes, *expected)):
            return await self._state(changes, expected)
        if not changes:
            return (await self._checked(expected)).revision
        if _is_small(changes, expected):
            return await self._in_turn(changes, expected, _Large())
        await self._clear_up()
        large = await self._stage(changes)
        try:
            revision = await self._in_turn(changes, expected, large)
        except Conflict:
            await self._discard(large.id)
            raise
        with contextlib.suppress(StoreError):  # It counts; whoever writes next will do it.
            await self.settle(large.id)
        return revision

    async def settle(self, commit: str) -> None:
        """Turn a large commit's parts into objects, wherever that stands; anybody may."""
        layout = self._layout
        counts = [holds(layout.pending, commit.encode())]
        start, end = layout.part(commit, "/"), end_of(layout.part(commit, "/"))
        more = True
        while more:
            answer = await self._reading.ask([Range(start, end, OPERATIONS)])
            parts, more = answer.found[0].keys, answer.found[0].more
            for some in _by_size((each.key, each.value) for each in parts):
                moves = (self._object(commit, key, value) for key, value in some)
                if not (await self._do(counts, moves)).succeeded:
                    return
            if parts:
                start = parts[-1].key + b"\0"
        await self._do(counts, [Delete(layout.pending), Delete(layout.part(commit, ""), end)])

    async def _state(self, changes: Mapping[str, bytes | None], expected: _Expected) -> int:
        """Write what is no policy: one transaction of etcd, and no more."""
        conditions = [self._condition(key, value) for key, value in expected.items()]
        answer = await self._do(conditions, self._operations(changes), again=not expected)
        if not answer.succeeded:
            raise Conflict(f"{', '.join(expected)} was changed by somebody else")
        return answer.revision

    async def _in_turn(
        self, changes: Mapping[str, bytes | None], expected: _Expected, large: _Large
    ) -> int:
        """Write after the last commit, whichever that is by then."""
        commit = large.id or secrets.token_hex(8)
        began = time.monotonic()
        head = self._head or await self._reading.head()
        while time.monotonic() - began < _PATIENCE:
            if head.pending is not None or len(expected) > OPERATIONS:
                head = await self._checked(expected)
            record = head.record.before(commit, () if large.id else tuple(changes))
            try:
                answer = await self._attempt(head, record, changes, expected, large)
            except Ambiguous:
                answer = None
            if answer is not None and answer.succeeded:
                self._head = Head(answer.revision, answer.revision, record, large.id or None)
                return answer.revision
            earlier, head = head, await self._reading.head()
            if head.record.follows(commit):
                return head.written_at
            if answer is not None and head.written_at == earlier.written_at:
                head = await self._checked(expected)
            await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311
        raise StoreError("others write to the store all the time; nothing was written")

    async def _attempt(
        self,
        head: Head,
        record: Record,
        changes: Mapping[str, bytes | None],
        expected: _Expected,
        large: _Large,
    ) -> Done:
        layout = self._layout
        conditions = [written_at(layout.revisions, head.written_at), absent(layout.pending)]
        if len(expected) <= OPERATIONS:
            conditions += [self._condition(key, value) for key, value in expected.items()]
        then: list[Operation] = [Put(layout.revisions, record.encode())]
        if large.id:
            conditions.append(written_at(layout.part(large.id, ""), large.begun_at))
            then.append(Put(layout.pending, large.id.encode()))
            changes = {key: value for key, value in changes.items() if key.startswith(STATUS)}
        then += self._operations(changes)
        return await self._do(conditions, then)

    async def _checked(self, expected: _Expected) -> Head:
        """Return where the store stands, with no large commit pending and all as expected.

        Raises Conflict that names what is otherwise.
        """
        while (head := await self._reading.head()).pending is not None:
            await self.settle(head.pending)
        places = [self._layout.at(key) for key in expected]
        values = await self._reading.values(places, head.revision)
        for key, value in zip(expected, values, strict=True):
            if value != expected[key]:
                raise Conflict(f"{key} was changed by somebody else")
        return head

    async def _stage(self, changes: Mapping[str, bytes | None]) -> _Large:
        """Write the parts of a large commit.

        The mark that goes before them tells, when the commit is to count, that nobody has taken
        them for abandoned meanwhile.
        """
        commit = f"{time.time_ns():020}-{secrets.token_hex(8)}"
        mark = await self._do((), [Put(self._layout.part(commit, ""), b"")])
        parts = (
            (self._layout.part(commit, key), as_part(value))
            for key, value in changes.items()
            if not key.startswith(STATUS)
        )
        for runs in batches(list(_by_size(parts)), _AT_ONCE):
            puts = ([Put(key, value) for key, value in run] for run in runs)
            await asyncio.gather(*(self._do((), some, again=True) for some in puts))
        return _Large(commit, mark.revision)

    async def _discard(self, commit: str) -> None:
        """Delete the parts of a commit that did not come to count."""
        layout = self._layout
        everything = Delete(layout.part(commit, ""), end_of(layout.part(commit, "/")))
        with contextlib.suppress(StoreError):
            await self._do([absent(layout.pending)], [everything], again=True)

    async def _clear_up(self) -> None:
        """Delete the parts of commits that were begun long ago and never counted."""
        start = self._layout.part("", "")
        before = self._layout.part(f"{time.time_ns() - int(_ABANDONED * 1e9):020}", "")
        await self._do([absent(self._layout.pending)], [Delete(start, before)], again=True)

    def _operations(self, changes: Mapping[str, bytes | None]) -> list[Operation]:
        return [
            Delete(self._layout.at(key)) if value is None else Put(self._layout.at(key), value)
            for key, value in changes.items()
        ]

    def _condition(self, key: str, value: bytes | None) -> Compare:
        place = self._layout.at(key)
        return absent(place) if value is None else holds(place, value)

    def _object(self, commit: str, key: bytes, part: bytes) -> Operation:
        name = key.removeprefix(self._layout.part(commit, "")).decode()
        value = of_part(part)
        place = self._layout.at(name)
        return Delete(place) if value is None else Put(place, value)

    async def _do(
        self, conditions: Iterable[Compare], then: Iterable[Operation], *, again: bool = False
    ) -> Done:
        request = transaction(conditions, then)
        return done(await self._session.call(TXN, request, again=again))


def _is_small(changes: Mapping[str, bytes | None], expected: _Expected) -> bool:
    """Tell whether a commit fits into one transaction of etcd."""
    values = (*changes.items(), *expected.items())
    size = sum(len(key) + len(value or b"") for key, value in values)
    return len(changes) < OPERATIONS and size < _BYTES // 2


def _by_size(parts: Iterable[tuple[bytes, bytes]]) -> Iterable[Sequence[tuple[bytes, bytes]]]:
    """Yield runs of what fits into one transaction."""
    run: list[tuple[bytes, bytes]] = []
    size = 0
    for part in parts:
        size += len(part[0]) + len(part[1])
        if run and (len(run) == OPERATIONS or size > _BYTES):
            yield run
            run, size = [], len(part[0]) + len(part[1])
        run.append(part)
    if run:
        yield run
