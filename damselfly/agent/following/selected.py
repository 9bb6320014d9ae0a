"""Follow what the ports of this host need of the policy, as they come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import NamedTuple

from damselfly.agent.feed import Inbox, note
from damselfly.config import Config
from damselfly.errors import Compacted, StoreError
from damselfly.northbound.selection import Selection
from damselfly.northbound.store import Commit, Store

_log = logging.getLogger(__name__)
_BREATH = 0.01
"""Seconds until a store that has forgotten what was asked for is asked again."""
_SPACING = 1.0
"""Seconds between two looks at what does not concern this host.

Every host hears of every commit, be it only its number, and confirms it.  Without spacing a burst
of changes would have each of thousands of hosts write to the store for each of them.
"""


class _Ports(NamedTuple):
    """Ids of ports."""

    here: frozenset[str]
    """Plugged in."""
    known: frozenset[str]
    """Whose keys are kept, plugged in or not."""


class _Desk:
    """Where the selection is laid down for the reconciler, who is rung for."""

    def __init__(self, inbox: Inbox, selection: Selection) -> None:
        self.inbox = inbox
        self.selection = selection
        self._rung_at = float("-inf")
        self._due: asyncio.TimerHandle | None = None

    def post(self, *, urgent: bool) -> None:
        """Hand on the policy: at once, or soon where nothing of it has changed but the revision."""
        self.inbox.held = self.selection.objects
        note(self.inbox, self.selection.reader)
        loop = asyncio.get_running_loop()
        wait = self._rung_at + _SPACING - loop.time()
        if urgent or wait <= 0:
            self._ring()
        elif self._due is None:
            self._due = loop.call_later(wait, self._ring)

    def _ring(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._rung_at = asyncio.get_running_loop().time()
        self.inbox.ring()


def is_selective(config: Config) -> bool:
    """Tell whether only a part of the policy is to be held: where it is shared by many hosts."""
    if config.distribution == "auto":
        return config.store.startswith("etcd://")
    return config.distribution == "selective"


async def follow_selected(store: Store, inbox: Inbox, retry: float) -> None:
    """Keep the inbox's policy up to date with what the ports here need, for ever."""
    selection = Selection(store)
    desk = _Desk(inbox, selection)
    while True:
        try:
            if selection.is_whole:
                await store.read(())  # Is it there again?
            else:
                await selection.read(*await _ports(inbox))
            desk.post(urgent=True)
            await _follow(store, desk)
        except Compacted as reason:
            _log.info("reading everything again: %s", reason)
            selection.is_whole = False
            await asyncio.sleep(_BREATH)
        except StoreError as error:
            if inbox.store_problem != str(error):
                _log.warning("the last policy stays in force: %s", error)
            inbox.lose_store(str(error))
            await asyncio.sleep(retry)


async def _follow(store: Store, desk: _Desk) -> None:
    """Follow commits and ports, whichever comes first.

    A commit is looked at with the ports for which the selection was made.  So before other ports
    are taken nothing may be under way: the watch is given up, and begun again from where it was.
    """
    inbox, selection = desk.inbox, desk.selection
    while True:
        commits = store.watch(selection.revision, selection.wants)
        while (commit := await _next(commits, inbox, selection)) is not None:
            await selection.apply(commit)
            desk.post(urgent=bool(commit.changes))
        await selection.choose(*await _ports(inbox))
        desk.post(urgent=True)


async def _next(
    commits: AsyncIterator[Commit], inbox: Inbox, selection: Selection
) -> Commit | None:
    """Return the next commit; None, once there are other ports."""
    coming = asyncio.ensure_future(anext(commits))
    moving = asyncio.create_task(_other_ports(inbox, selection))
    try:
        await asyncio.wait({coming, moving}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        return None
    finally:
        for task in (coming, moving):
            task.cancel()
        await asyncio.gather(coming, moving, return_exceptions=True)


async def _other_ports(inbox: Inbox, selection: Selection) -> None:
    while selection.fits(*await _ports(inbox)):
        inbox.moved.clear()
        await inbox.moved.wait()


async def _ports(inbox: Inbox) -> _Ports:
    """Return the ports as the OVSDB has them, once it has said anything."""
    while inbox.bridge is None:
        inbox.moved.clear()
        await inbox.moved.wait()
    bridge = inbox.bridge
    return _Ports(
        frozenset(bridge.interfaces) | frozenset(bridge.duplicates), frozenset(bridge.keys)
    )
