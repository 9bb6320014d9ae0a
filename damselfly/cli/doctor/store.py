"""The policy store: can it be read and written, by whom, and is it of the same time as we are."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import AsyncIterator, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from damselfly.config import Config
from damselfly.errors import DamselflyError, NoStore
from damselfly.northbound import keys
from damselfly.northbound.masking import masked
from damselfly.northbound.opening import open_store
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.status import AgentStatus, agents
from damselfly.northbound.store import Contents

from .check import Check, bad, doubtful, good, unknown

SKEW = 2.0
"""Seconds by which other hosts' clocks may differ without a word."""
_STORE, _WRITING, _POLICY, _FILES, _CLOCK = "store", "writing", "policy", "files", "clock"
_EPOCH = 1_700_000_000
"""Seconds since 1970, in 2023: a clock before that was never set."""


@dataclass(slots=True)
class Heard:
    """What is known of agents from the store."""

    said: list[AgentStatus] = field(default_factory=list)
    held: Container[str] = ()
    """Hosts whose agents hold their names."""


async def store_checks(config: Config, heard: Heard) -> AsyncIterator[Check]:
    """Look at the store; note in ``heard`` what it knows of agents."""
    try:
        store = open_store(config.store, create=False)
    except DamselflyError as error:
        yield bad(_STORE, str(error), _advice(error))
        for check in unknown((_WRITING, _POLICY, _CLOCK), "the store was not read"):
            yield check
        return
    try:
        contents = await store.read()
        yield good(_STORE, f"{masked(config.store)}, revision {contents.revision}")
        heard.said += agents(contents)
        heard.held = await store.holders()
        try:
            await store.commit([])
        except DamselflyError as error:
            yield bad(_WRITING, str(error), "the agent reports there: it must be able to write")
        else:
            yield good(_WRITING, "possible")
        for check in (policy_check(contents), clock_check(heard.said, config.host, time.time())):
            yield check
    except DamselflyError as error:
        yield bad(_STORE, str(error), _advice(error))
    finally:
        await store.close()
    for check in file_checks(config.store):
        yield check


def _advice(error: DamselflyError) -> str:
    if isinstance(error, NoStore):
        return "`damselfly apply FILE` makes it; or name another one with --store"
    return "is the URL right, the server up, and may this user read it?"


def policy_check(contents: Contents) -> Check:
    """Say whether all objects of the policy can be read."""
    problems = PolicyReader(contents).problems
    if problems:
        first = "; ".join(f"{key}: {why}" for key, why in sorted(problems.items())[:3])
        return doubtful(_POLICY, f"{len(problems)} problems: {first}", "see `damselfly status`")
    named = sum(key.startswith(f"/{keys.PORT}/") for key in contents.objects)
    return good(_POLICY, f"{named} ports, everything can be read")


def clock_check(said: list[AgentStatus], host: str, now: float) -> Check:
    """Compare this host's clock with what agents of other hosts wrote last."""
    if now < _EPOCH:
        return bad(_CLOCK, f"this host thinks that it is {time.ctime(now)}", "set the clock (NTP)")
    ahead = {one.host: one.updated_at - now for one in said if one.updated_at - now > SKEW}
    if not ahead:
        others = sum(one.host != host for one in said)
        return good(_CLOCK, f"no report is from the future ({others} of other hosts)")
    told = ", ".join(f"{name} by {seconds:.1f} s" for name, seconds in sorted(ahead.items()))
    return doubtful(_CLOCK, f"reports are from the future: {told}", "synchronise clocks (NTP)")


def file_checks(url: str) -> Iterator[Check]:
    """Look at who may read the file of an embedded store."""
    if not url.startswith("sqlite:///"):
        return
    path = Path(unquote(url.removeprefix("sqlite:///")))
    open_to = [str(one) for one in (path, path.parent) if _others_may(one)]
    if open_to:
        advice = f"chmod go-rwx {' '.join(open_to)}; who writes the policy opens any port"
        yield doubtful(_FILES, f"others may read or write {' and '.join(open_to)}", advice)
    elif path.exists() and path.stat().st_uid != path.parent.stat().st_uid:
        advice = f"chown --reference={path.parent} {path}*"
        yield doubtful(_FILES, f"{path} belongs to another user than its directory", advice)
    elif not os.access(path, os.R_OK | os.W_OK):
        yield bad(
            _FILES, f"this user may not read and write {path}", "run doctor as the agent runs"
        )
    else:
        yield good(_FILES, f"{path} is for its owner only")


def _others_may(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    # A directory that others may list or pass is harmless where they cannot write.
    wrong = stat.S_IWGRP | stat.S_IWOTH if path.is_dir() else stat.S_IRWXG | stat.S_IRWXO
    return bool(mode & wrong) and not mode & stat.S_ISVTX
