"""The store protocol on top of etcd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from damselfly.errors import Compacted, StoreError
from damselfly.northbound.store import Change, Commit, Contents, Wanted

from .following import Following, Lineage
from .holding import Holding
from .layout import Layout
from .reading import Reading
from .rpc import Ahead, Ambiguous, Place, Session
from .writing import Writing


class EtcdStore:
    """A store in an etcd cluster; it connects when it is first asked something."""

    def __init__(self, place: Place) -> None:
        """Take the place; nothing is sent yet."""
        self._session = Session(place)
        layout = Layout(place.prefix)
        self._lineage = Lineage()
        self._reading = Reading(self._session, layout)
        self._writing = Writing(self._session, layout, self._reading)
        self._following = Following(self._session, layout, self._reading, self._lineage)
        self._holding = Holding(self._session, layout)
        self._turn = asyncio.Lock()

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        """Read all keys that start with one of the prefixes, as of one revision."""
        try:
            head, objects = await self._reading.contents(prefixes, at or 0)
        except Ahead:
            raise Compacted(f"the store has never come to revision {at}") from None
        if at is not None and not self._lineage.agrees(at, head):
            raise Compacted(f"the store has another past than that of revision {at}")
        self._lineage.note(head.revision, head.written_at, head.record)
        return Contents(head.revision, objects)

    def watch(self, since: int, prefixes: Wanted = ("/",)) -> AsyncIterator[Commit]:
        """Yield every commit after ``since``, for ever."""
        return self._following.commits(since, prefixes)

    async def commit(
        self, changes: Sequence[Change], expected: Mapping[str, bytes | None] | None = None
    ) -> int:
        """Write all changes or none; return the new revision.

        Raises Conflict.  Where the answer is lost, a StoreError that says so: another attempt with
        the same ``expected`` shows what became of it.
        """
        async with self._turn:
            try:
                return await self._writing.commit(dict(changes), expected or {})
            except Ambiguous as lost:
                raise StoreError(f"{lost}; what was to be written may have been") from None

    async def behind(self, revision: int) -> int:
        """Count the commits of policy that came after a revision."""
        try:
            then = await self._reading.head(revision)
        except Ahead:
            raise Compacted(f"the store has never come to revision {revision}") from None
        now = await self._reading.head()
        return now.commits - (then.commits if revision else 0)

    async def hold(self, name: str, holder: bytes, instead_of: bytes | None = None) -> None:
        """Take a name that only one process may have, or keep it: every few seconds."""
        await self._holding.hold(name, holder, instead_of)

    async def holders(self) -> Mapping[str, bytes]:
        """Return the names that are held now, and by whom."""
        return await self._holding.holders()

    async def close(self) -> None:
        """Give up names and connection; every watch ends with StoreError."""
        await self._holding.release()
        await self._session.close()
