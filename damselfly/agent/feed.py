"""What the agent hears: the latest policy from the store, the latest ports from the OVSDB.

Only the latest counts.  A slow reader sees several changes as one; a store that is gone leaves the
last policy standing, and its age tells.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from damselfly.collector import put_off
from damselfly.errors import Compacted, StoreError
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.keys import POLICY_PREFIXES
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Store
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.ovsdb import Ovsdb

_log = logging.getLogger(__name__)


class Inbox:
    """The latest of both, and a bell that rings when either changed."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self.bridge: BridgeState | None = None
        self.problems: Mapping[str, str] = {}
        """Objects of the store that cannot be used, by key."""
        self.store_problem: str | None = None
        self.store_lost_at: float | None = None
        """Since when the store cannot be read, in seconds since 1970."""
        self.held: int | None = None
        """How many of the store's objects are held; None: all of them."""
        self.moved = asyncio.Event()
        """Set whenever anything changed, for who looks at the ports."""
        self._rung_at: float | None = None
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Say that there is something to look at."""
        if self._rung_at is None:
            self._rung_at = time.monotonic()
        self._bell.set()
        self.moved.set()

    def rung_at(self) -> float | None:
        """Return, once, since when there is something to look at, by the monotonic clock."""
        since, self._rung_at = self._rung_at, None
        return since

    def lose_store(self, problem: str) -> None:
        """Note why the store cannot be read."""
        self.store_problem = problem
        if self.store_lost_at is None:
            self.store_lost_at = time.time()
        self.ring()

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until something changed since the last wait, or for so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()


async def follow_policy(store: Store, inbox: Inbox, retry: float) -> None:
    """Keep the inbox's policy up to date, for ever.

    After a store that was gone, it goes on from the last revision seen, where the store still knows
    what came then; elsewhere it reads everything again, and the difference is what is enforced.
    """
    reader: PolicyReader | None = None
    while True:
        try:
            if reader is None:
                contents = await store.read(POLICY_PREFIXES)
                with put_off():
                    reader = PolicyReader(contents)
                del contents  # Objects as bytes, of which none is needed any more.
            else:
                await store.read(())  # Is it there again?
            await _follow(store, inbox, reader)
        except Compacted as reason:
            _log.info("reading everything again: %s", reason)
            reader = None
        except StoreError as error:
            if inbox.store_problem != str(error):
                _log.warning("the last policy stays in force: %s", error)
            inbox.lose_store(str(error))
            await asyncio.sleep(retry)


async def _follow(store: Store, inbox: Inbox, reader: PolicyReader) -> None:
    post(inbox, reader)
    async for commit in store.watch(reader.snapshot.revision, POLICY_PREFIXES):
        reader.apply(commit)
        post(inbox, reader)


def post(inbox: Inbox, reader: PolicyReader) -> None:
    """Hand on the policy as it is now, and ring."""
    note(inbox, reader)
    inbox.ring()


def note(inbox: Inbox, reader: PolicyReader) -> None:
    """Lay the policy down as it is now, for the next look."""
    inbox.snapshot = reader.snapshot
    inbox.problems = reader.problems
    inbox.store_problem = inbox.store_lost_at = None


async def follow_bridge(ovsdb: Ovsdb, inbox: Inbox) -> None:
    """Keep the inbox's ports up to date, for ever; raise SwitchGone when the bridge is deleted."""
    async for state in ovsdb.changes():
        inbox.bridge = state
        inbox.ring()
