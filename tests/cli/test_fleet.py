"""status --all and host: all hosts at a glance, and taking one out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from damselfly.northbound.opening import open_store
from damselfly.northbound.status import AgentStatus, PortStatus, write_status
from damselfly.northbound.store import Store
from tests.contract.drivers import etcd

from .conftest import EXAMPLE, Damselfly
from .test_waiting import STATUS, alive

PORTS = (PortStatus("a", "active"), PortStatus("b", "active"), PortStatus("c", "closed"))


@pytest.fixture(params=["sqlite", "etcd"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of either kind."""
    return f"{etcd().url}{tmp_path}" if request.param == "etcd" else f"sqlite:///{tmp_path}/p.db"


@contextmanager
def agents(url: str, *statuses: AgentStatus, holding: tuple[str, ...] = ()) -> Iterator[None]:
    """Be the agents that have said this, and hold these names meanwhile."""

    async def be() -> Store:
        store = open_store(url)
        await store.commit([write_status(status) for status in statuses])
        for name in holding:
            await store.hold(name, b'{"pid": 7, "machine": "there"}')
        return store

    with asyncio.Runner() as runner:
        store = runner.run(be())
        try:
            yield
        finally:
            runner.run(store.close())


def test_an_empty_store_has_no_hosts(damselfly: Damselfly, store_url: str) -> None:
    with agents(store_url):
        assert "no agent has ever reported" in damselfly("status", "--all").out


def test_each_host_has_a_line_with_its_lag_and_ports(damselfly: Damselfly, store_url: str) -> None:
    first = damselfly("apply", EXAMPLE, "-o", "json").data["revision"]
    for name in ("web-1", "db-1"):
        assert damselfly("delete", "port", name).code == 0
    last = max(damselfly("apply", EXAMPLE, "-o", "json").data["revision"], first)
    behind = replace(alive("h1", first), ports=PORTS, revision_at=time.time() - 90)
    gone = replace(STATUS, host="h2", revision=last, updated_at=time.time() - 3600)
    with agents(store_url, behind, gone, replace(alive("h3", last), stopped=True)):
        hosts = {each["host"]: each for each in damselfly("status", "--all", "-o", "json").data}
        table = damselfly("status", "--all").out
    assert [each["state"] for each in hosts.values()] == ["live", "SILENT", "stopped"]
    assert [each["lag"] for each in hosts.values()] == [3, 0, 0]
    assert [hosts["h1"][state] for state in ("active", "closed", "down")] == [2, 1, 0]
    assert 90 <= hosts["h1"]["policy_age"] < 150
    assert "2 min ago" in table


def test_a_host_whose_name_is_held_lives_whatever_the_clocks_say(
    damselfly: Damselfly, store_url: str
) -> None:
    for skew in (-3600, 3600):
        off = replace(alive("h1"), updated_at=time.time() + skew)
        with agents(store_url, off, holding=("h1", "h2")):
            data = damselfly("status", "--all", "-o", "json").data
            assert [(one["host"], one["state"]) for one in data] == [
                ("h1", "live"),
                ("h2", "starting"),
            ]
            assert "clock" in damselfly("status", "--all").out
            assert damselfly("status", "-o", "json").data["agents"][0]["live"]
        data = damselfly("status", "--all", "-o", "json").data
        assert [one["state"] for one in data] == ["SILENT"]


def test_hosts_are_listed_with_the_process_that_has_the_name(
    damselfly: Damselfly, store_url: str
) -> None:
    with agents(store_url, replace(alive("h1"), ports=PORTS), holding=("h1",)):
        (row,) = damselfly("host", "list", "-o", "json").data
    assert (row["host"], row["state"], row["ports"]) == ("h1", "live", 3)
    assert (row["pid"], row["machine"]) == (7, "there")


def test_a_host_that_is_gone_is_removed_and_a_living_one_is_not(
    damselfly: Damselfly, store_url: str
) -> None:
    old = replace(STATUS, host="h2")
    with agents(store_url, alive("h1"), old, replace(STATUS, host="h3"), holding=("h3",)):
        assert damselfly("host", "remove", "h1").code == 2
        assert damselfly("host", "remove", "h3").code == 2
        assert "did you mean" in damselfly("host", "remove", "h22").err
        assert damselfly("host", "remove", "h2").code == 0
        rows = damselfly("host", "list", "-o", "json").data
    assert [row["host"] for row in rows] == ["h1", "h3"]
