"""Names that one process alone may have: keys under its lease, which ends when it does."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from damselfly.errors import NameTaken, StoreError
from damselfly.northbound.store import HELD_SECONDS

from .layout import Layout, end_of
from .rpc import Session, answers, requests
from .rpc.requests import Put, Range
from .rpc.session import GRANT, KEEP_ALIVE, RANGE, REVOKE, TXN


class Holding:
    """The names of one store."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout
        self._leases: dict[str, int] = {}

    async def hold(self, name: str, holder: bytes, instead_of: bytes | None) -> None:
        """Take the name, or keep it.  Raises NameTaken, StoreError."""
        lease = self._leases.get(name, 0)
        if lease and await self._kept_alive(lease):
            return
        self._leases.pop(name, None)
        lease = await self._granted()
        key = self._layout.held(name)
        put, look = [Put(key, holder, lease)], [Range(key)]
        known: bytes | None = None
        for condition in (
            requests.absent(key),
            requests.holds(key, holder),
            *([] if instead_of is None else [requests.holds(key, instead_of)]),
        ):
            request = requests.transaction([condition], put, look)
            done = answers.done(await self._session.call(TXN, request))
            if done.succeeded:
                self._leases[name] = lease
                return
            known = done.found[0].keys[0].value if done.found and done.found[0].keys else None
        await self._revoke(lease)
        raise NameTaken(f"{name} is held", known or b"")

    async def holders(self) -> Mapping[str, bytes]:
        """Return the names that are held now, and by whom."""
        start = self._layout.held("")
        request = Range(start, end_of(start)).encode()
        found = answers.found(await self._session.call(RANGE, request, again=True))
        return {each.key.removeprefix(start).decode(): each.value for each in found.keys}

    async def release(self) -> None:
        """Give all names free, as far as etcd can be told."""
        while self._leases:
            await self._revoke(self._leases.popitem()[1])

    async def _granted(self) -> int:
        request = requests.grant_lease(HELD_SECONDS)
        lease, _ = answers.lease(await self._session.call(GRANT, request, again=True))
        return lease

    async def _kept_alive(self, lease: int) -> bool:
        stream = await self._session.stream(KEEP_ALIVE, requests.of_lease(lease))
        try:
            _, seconds = answers.lease(await stream.read())
        finally:
            stream.close()
        return seconds > 0

    async def _revoke(self, lease: int) -> None:
        with contextlib.suppress(StoreError):
            await self._session.call(REVOKE, requests.of_lease(lease), again=True)
