"""The limit of connections per zone, and what is said where it cannot be set."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from damselfly.agent.capacity.connections import SUBJECT, ConnectionLimits
from damselfly.config import Config
from damselfly.southbound.switch import Switch

SWITCH = cast("Switch", object())


@asynccontextmanager
async def vswitchd(rundir: Path) -> AsyncIterator[list[list[str]]]:
    """Answer whatever is asked over the control socket, and collect it."""
    asked: list[list[str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.read(1 << 16))
        asked.append([request["method"], *request["params"]])
        writer.write(json.dumps({"id": 0, "result": "", "error": None}).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, rundir / "ovs-vswitchd.1.ctl"):
        yield asked


@pytest.fixture
def unbounded() -> dict[str, str]:
    return {}


@pytest.fixture
def limits(tmp_path: Path, unbounded: dict[str, str]) -> ConnectionLimits:
    config = Config(management=str(tmp_path / "br-int.mgmt"), connection_limit=7)
    return ConnectionLimits(config, unbounded)


async def test_what_the_switch_did_not_take_is_said_and_tried_again(
    tmp_path: Path, limits: ConnectionLimits, unbounded: dict[str, str]
) -> None:
    await limits.keep(SWITCH, "netdev", {3})
    assert "not limited" in unbounded[SUBJECT]
    async with vswitchd(tmp_path) as asked:
        await limits.keep(SWITCH, "netdev", {3})
    assert "zone=3,limit=7" in asked[0]
    assert SUBJECT not in unbounded


async def test_each_zone_is_limited_once_and_freed_when_its_port_goes(
    tmp_path: Path, limits: ConnectionLimits
) -> None:
    async with vswitchd(tmp_path) as asked:
        await limits.keep(SWITCH, "netdev", {3})
        await limits.keep(SWITCH, "netdev", {3})
        assert len(asked) == 1
        await limits.keep(SWITCH, "netdev", {4})
    assert "zone=3" in asked[1]
    assert "zone=4,limit=7" in asked[2]


async def test_a_switch_that_was_connected_anew_is_told_again(
    tmp_path: Path, limits: ConnectionLimits
) -> None:
    async with vswitchd(tmp_path) as asked:
        await limits.keep(SWITCH, "netdev", {3})
        await limits.keep(cast("Switch", object()), "netdev", {3})
    assert asked[0] == asked[1]
