"""What an agent says of itself."""

from __future__ import annotations

import json

import pytest

from damselfly.errors import BadInput
from damselfly.northbound import keys
from damselfly.northbound.status import (
    AgentStatus,
    PortStatus,
    agents,
    decode_status,
    write_status,
)
from damselfly.northbound.store import Contents

STATUS = AgentStatus(
    host="h1", bridge="br-int", ovsdb="unix:/run/db.sock", management="/run/br-int.mgmt", pid=7,
    version="0.1.0", started_at=1.5, updated_at=2.5, revision=42, revision_at=2.0,
    ports=(
        PortStatus("p1", "active", "web-1", 3, 12, verdicts_allow=2),
        PortStatus("p2", "closed", reason="cannot be read"),
    ),
    spoof_drops={"mac": 3}, problems={"/port/p2": "mac_address: is missing"},
)  # fmt: skip


def test_what_was_written_is_read_back() -> None:
    key, value = write_status(STATUS)
    assert value is not None
    assert key == keys.agent_status("h1")
    assert decode_status(key, value) == STATUS


def test_a_status_that_says_more_can_still_be_read() -> None:
    key, value = write_status(STATUS)
    said = {**json.loads(value or b""), "mood": "good"}
    assert decode_status(key, json.dumps(said).encode()) == STATUS


def test_a_status_that_cannot_be_read_names_its_key() -> None:
    with pytest.raises(BadInput, match="/status/agent/h1: host"):
        decode_status("/status/agent/h1", b"{}")


def test_agents_are_listed_by_host_and_the_unreadable_passed_over() -> None:
    key, value = write_status(STATUS)
    objects = {key: value or b"", "/status/agent/h0": b"?", "/port/a": b"{}"}
    assert list(agents(Contents(1, objects))) == [STATUS]
