"""Carry a plan out: written whole, made anew where somebody else was faster, and waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import rich_click as click

from damselfly.cli.settings import Command
from damselfly.errors import Conflict
from damselfly.northbound import keys
from damselfly.northbound.manifest import Plan
from damselfly.northbound.store import Change, Contents, Store

_ATTEMPTS = 20
_EVERYTHING = (*keys.POLICY_PREFIXES, *keys.INDEX_PREFIXES)


class Done(NamedTuple):
    """What was written, and the revision that it got."""

    plan: Plan
    revision: int


def wait_options(command: Command) -> Command:
    """Give a command ``--wait`` and ``--timeout``: for its function, ``patience``, maybe None."""

    @wraps(command)
    def with_patience(*args: Any, **kwargs: Any) -> Any:
        wait, timeout = kwargs.pop("wait"), kwargs.pop("timeout")
        return command(*args, patience=timeout if wait else None, **kwargs)

    wait = click.option(
        "--wait", is_flag=True, help="Return when every live agent has enforced the change."
    )
    timeout = click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=30.0,
        show_default=True,
        help="Seconds to wait at most; then exit with 5.",
    )
    return wait(timeout(with_patience))


async def read_policy(store: Store) -> Contents:
    """Read everything but what agents say of themselves."""
    return await store.read(_EVERYTHING)


async def carry_out(store: Store, make: Callable[[Contents], Plan], *, touch: bool) -> Done:
    """Make a plan and commit it; where somebody else wrote meanwhile, make it anew.

    ``touch``: somebody will wait for the revision, so there must be one of the policy.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return await _attempt(store, make, touch=touch)
        except Conflict:
            continue
    return await _attempt(store, make, touch=touch)


async def _attempt(store: Store, make: Callable[[Contents], Plan], *, touch: bool) -> Done:
    contents = await read_policy(store)
    plan = make(contents)
    if plan.changes:
        return Done(plan, await store.commit(plan.changes, plan.expected))
    return Done(plan, await _touched(store, contents) if touch else contents.revision)


async def _touched(store: Store, contents: Contents) -> int:
    """Write one object again as it is; return the revision.

    Agents confirm revisions of the policy, and the store's counts their own reports too: without
    a commit of policy there would be nothing to wait for.
    """
    same = next((key for key in contents.objects if keys.parse(key).kind in keys.POLICY), None)
    if same is None:
        return 0
    value = contents.objects[same]
    return await store.commit([Change(same, value)], {same: value})
