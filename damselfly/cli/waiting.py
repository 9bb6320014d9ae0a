"""Wait until every live agent has confirmed a revision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container, Iterable

from damselfly.errors import BadInput, NotEnforced
from damselfly.northbound import keys
from damselfly.northbound.status import AgentStatus, agents, decode_status
from damselfly.northbound.store import Store

LIVE_SECONDS = 10.0
"""An agent that has not said anything for so long does not count: several status intervals."""


def is_live(status: AgentStatus, now: float, held: Container[str] = ()) -> bool:
    """Tell whether the agent lives: it holds its host's name, or has reported lately.

    Holding the name asks nobody's clock; one that said last that it stopped does not live.
    """
    recent = abs(now - status.updated_at) < LIVE_SECONDS
    return not status.stopped and (status.host in held or recent)


async def wait_for_agents(store: Store, revision: int, timeout: float) -> list[str]:
    """Wait until the agents that live now have enforced the revision; return their hosts.

    One that stops meanwhile is not waited for any longer.  Raises NotEnforced where none lives, or
    one has not confirmed after ``timeout`` seconds.
    """
    contents = await store.read([keys.STATUS_PREFIX])
    now, held = time.time(), await store.holders()
    reached = {one.host: one.revision for one in agents(contents) if is_live(one, now, held)}
    if not reached:
        raise _nobody(revision, f"no agent has reported within the last {LIVE_SECONDS:.0f} s")
    try:
        async with asyncio.timeout(timeout):
            await _all_reach(store, revision, reached, contents.revision)
    except TimeoutError:
        late = (f"{host} (at {at})" for host, at in sorted(reached.items()) if at < revision)
        raise NotEnforced(
            f"revision {revision} is stored, but not confirmed within {timeout:g} s by "
            f"{', '.join(late)}"
        ) from None
    if not reached:
        raise _nobody(revision, "every agent has stopped meanwhile")
    return sorted(reached)


def _nobody(revision: int, why: str) -> NotEnforced:
    return NotEnforced(f"revision {revision} is stored, but nobody enforces it: {why}")


async def _all_reach(store: Store, revision: int, reached: dict[str, int], since: int) -> None:
    if _is_reached(reached.values(), revision):
        return
    async for commit in store.watch(since, [keys.STATUS_PREFIX]):
        for key, value in commit.changes:
            if value is not None:
                _note(reached, revision, key, value)
        if _is_reached(reached.values(), revision):
            return


def _note(reached: dict[str, int], revision: int, key: str, value: bytes) -> None:
    try:
        status = decode_status(key, value)
    except BadInput:
        return
    if status.host in reached and status.stopped and status.revision < revision:
        del reached[status.host]
    elif status.host in reached:
        reached[status.host] = status.revision


def _is_reached(revisions: Iterable[int], revision: int) -> bool:
    return all(at >= revision for at in revisions)
