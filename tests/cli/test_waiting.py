"""apply --wait, and what agents must have said for it to return."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from damselfly.northbound import keys
from damselfly.northbound.opening import open_store
from damselfly.northbound.status import AgentStatus, write_status
from damselfly.northbound.store import Store

from .conftest import EXAMPLE, Damselfly

STATUS = AgentStatus(
    host="h1", bridge="br-int", ovsdb="unix:/nowhere/db.sock", management="/nowhere/br-int.mgmt",
    pid=1, version="0", started_at=0.0, updated_at=0.0, revision=0, revision_at=0.0,
)  # fmt: skip


def report(url: str, *statuses: AgentStatus) -> None:
    async def write() -> None:
        store = open_store(url)
        await store.commit([write_status(status) for status in statuses])
        await store.close()

    asyncio.run(write())


def alive(host: str, revision: int = 0) -> AgentStatus:
    return replace(STATUS, host=host, revision=revision, updated_at=time.time())


async def confirm(
    store: Store, hosts: Iterable[str], leaving: Iterable[str], ready: threading.Event
) -> None:
    """Say of the first policy commit that comes that these hosts enforce it, and others stop."""
    contents = await store.read([])
    ready.set()
    commit = await anext(store.watch(contents.revision, keys.POLICY_PREFIXES))
    for host in hosts:
        await store.commit([write_status(alive(host, commit.revision))])
    for host in leaving:
        await store.commit([write_status(replace(alive(host), stopped=True))])
    await store.close()


@pytest.fixture
def confirming(store_url: str) -> Callable[..., threading.Thread]:
    def start(*hosts: str, leaving: tuple[str, ...] = ()) -> threading.Thread:
        store = open_store(store_url)
        ready = threading.Event()

        async def main() -> None:
            await confirm(store, hosts, leaving, ready)

        thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
        thread.start()
        ready.wait()
        return thread

    return start


def test_waiting_without_any_agent_says_so(damselfly: Damselfly) -> None:
    answer = damselfly("apply", EXAMPLE, "--wait")
    assert answer.code == 5
    assert "revision 1: " in answer.out, "what was written is shown all the same"
    assert "no agent has reported" in answer.err


def test_agents_that_are_silent_do_not_count(damselfly: Damselfly, store_url: str) -> None:
    report(store_url, STATUS)
    assert damselfly("apply", EXAMPLE, "--wait").code == 5


def test_an_agent_that_has_stopped_is_not_waited_for(
    damselfly: Damselfly, store_url: str, confirming: Callable[..., threading.Thread]
) -> None:
    report(store_url, alive("h1"), replace(alive("h2"), stopped=True))
    thread = confirming("h1")
    answer = damselfly("apply", EXAMPLE, "--wait", "-o", "json")
    thread.join()
    assert (answer.code, answer.data["enforced_by"]) == (0, ["h1"])


@pytest.mark.parametrize(("others", "code"), [(["h1"], 0), ([], 5)])
def test_an_agent_that_stops_meanwhile_is_not_waited_for_any_longer(
    damselfly: Damselfly,
    store_url: str,
    confirming: Callable[..., threading.Thread],
    others: list[str],
    code: int,
) -> None:
    report(store_url, *map(alive, others), alive("h2"))
    thread = confirming(*others, leaving=("h2",))
    answer = damselfly("apply", EXAMPLE, "--wait")
    thread.join()
    assert (answer.code, "nobody enforces it" in answer.err) == (code, code == 5)


def test_waiting_ends_when_every_live_agent_has_confirmed(
    damselfly: Damselfly, store_url: str, confirming: Callable[..., threading.Thread]
) -> None:
    report(store_url, alive("h1"), alive("h2"), replace(STATUS, host="h0"))
    thread = confirming("h1", "h2")
    answer = damselfly("apply", EXAMPLE, "--wait", "-o", "json")
    thread.join()
    assert (answer.code, answer.data["enforced_by"]) == (0, ["h1", "h2"])


def test_an_agent_that_does_not_confirm_is_named(
    damselfly: Damselfly, store_url: str, confirming: Callable[..., threading.Thread]
) -> None:
    report(store_url, alive("h1"), alive("h2"))
    thread = confirming("h1")
    answer = damselfly("apply", EXAMPLE, "--wait", "--timeout", "3")
    thread.join()
    assert answer.code == 5
    assert "h2 (at 0)" in answer.err
    assert "h1" not in answer.err


def test_waiting_for_what_is_there_already_works_too(
    shop: Damselfly, store_url: str, confirming: Callable[..., threading.Thread], tmp_path: Path
) -> None:
    report(store_url, alive("h1", 1))
    thread = confirming("h1")
    answer = shop("apply", EXAMPLE, "--wait")
    thread.join()
    assert (answer.code, "enforced by h1" in answer.out) == (0, True)
