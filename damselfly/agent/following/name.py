"""The name under which the agent reports: no two agents may have the same.

Two agents of one name would program two switches, or one switch against each other, and write over
what the other says of itself.  The store holds the name for the process; no clock is compared.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from damselfly.errors import NameTaken, StoreError
from damselfly.northbound.store import HELD_SECONDS, Store

_log = logging.getLogger(__name__)
_PATIENCE = HELD_SECONDS + 5.0
"""Seconds after which a holder that nobody can look at is taken to be alive."""


class HostName:
    """One host's name, taken at the start and held on to."""

    def __init__(self, store: Store, host: str, patience: float = _PATIENCE) -> None:
        self.host = host
        self.taken = asyncio.Event()
        """Nothing is enforced or reported before."""
        self._store = store
        self._patience = patience
        self._holder = json.dumps({"host": host, **_myself()}).encode()

    async def take(self, lost: Callable[[str], None], retry: float) -> None:
        """Wait until the name is ours; ``lost`` is told where the store cannot be asked.

        A holder of this machine that has ended is replaced at once.  Raises NameTaken where an
        agent that lives has the name.
        """
        loop = asyncio.get_running_loop()
        refused_at: float | None = None
        while not self.taken.is_set():
            try:
                await self._store.hold(self.host, self._holder)
            except NameTaken as taken:
                refused_at = refused_at or loop.time()
                if _is_alive(taken.holder) or loop.time() - refused_at > self._patience:
                    raise self._refused(taken) from None
                if not await self._replaced(taken.holder):
                    await asyncio.sleep(retry)
                    continue
            except StoreError as error:
                if not await self._is_free():
                    lost(str(error))
                    await asyncio.sleep(retry)
                    continue
                _log.warning("the host's name is free, but cannot be held: %s", error)
            self.taken.set()

    async def keep(self) -> None:
        """Hold on to the name, for ever.  Raises NameTaken where somebody else got it meanwhile."""
        while True:
            await asyncio.sleep(HELD_SECONDS / 3)
            try:
                await self._store.hold(self.host, self._holder)
            except NameTaken as taken:
                raise self._refused(taken) from None
            except StoreError as error:
                _log.info("the host's name is not confirmed: %s", error)

    async def _is_free(self) -> bool:
        """Tell whether nobody has the name, as far as a store can be read that takes no more.

        A full etcd must not keep an agent from enforcing.
        """
        try:
            return self.host not in await self._store.holders()
        except StoreError:
            return False

    async def _replaced(self, holder: bytes) -> bool:
        """Take the name from a process of this machine that has ended; False: nobody can tell."""
        if not _has_ended(holder):
            return False
        try:
            await self._store.hold(self.host, self._holder, instead_of=holder)
        except NameTaken:
            return False
        return True

    def _refused(self, taken: NameTaken) -> NameTaken:
        known = _read(taken.holder)
        who = f"pid {known['pid']} on {known['machine']}" if known else "another process"
        return NameTaken(
            f"an agent of host {self.host!r} runs already: {who}; "
            "give this one another name (--host), or stop that one",
            taken.holder,
        )


def _myself() -> dict[str, object]:
    """Return what tells this process from all others, here and on other machines."""
    return {
        "pid": os.getpid(),
        "started": _started(os.getpid()),
        "machine": os.uname().nodename,
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "pids": str(Path("/proc/self/ns/pid").readlink()),
    }


def _read(holder: bytes) -> dict[str, object] | None:
    try:
        known = json.loads(holder)
    except ValueError:
        return None
    return known if isinstance(known, dict) and known.keys() >= _myself().keys() else None


def _is_visible(known: dict[str, object] | None) -> bool:
    """Tell whether the process is one that this one would see if it lived."""
    mine = _myself()
    return known is not None and all(known[name] == mine[name] for name in ("boot", "pids"))


def _is_alive(holder: bytes) -> bool:
    known = _read(holder)
    return known is not None and _is_visible(known) and not _has_ended(holder)


def _has_ended(holder: bytes) -> bool:
    known = _read(holder)
    if known is None or not _is_visible(known):
        return False
    return _started(int(str(known["pid"]))) != known["started"]


def _started(pid: int) -> str | None:
    """Return when a process started, in ticks since boot; None where there is none (proc(5))."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else after_name[19]
