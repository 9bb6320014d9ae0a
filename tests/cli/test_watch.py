"""What ``damselfly watch`` says has happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, Any

import pytest

from damselfly.cli.traffic.events import Place, agent_events, policy_events, verdict_events
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP
from damselfly.model.intervals import Block
from damselfly.northbound.status import PortStatus
from damselfly.northbound.store import Change, Commit
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.pipeline.sides import Basis
from damselfly.policy.region import Region

from .conftest import Damselfly
from .test_waiting import STATUS, alive, report

PORT = PortStatus("p1", "active", "web-1", 3)
ENFORCING = replace(STATUS, revision=7, ports=(PORT,))
ANY = Block(0, 0, 16)
HTTP = Region(IPV4, TCP, ANY, Block(80, 16, 16), Block(0, 0, 32))
ALLOW = VerdictFlow(3, Direction.INGRESS, basis=Basis.CONNECTION, region=HTTP, mark=0xABC)
DENY = ALLOW._replace(mark=0)
PLACE = Place("h1", {3: "web-1"}, {0xABC: "http"})


def texts(events: Iterator[Any]) -> list[str]:
    return [event.text for event in events]


def test_a_commit_is_told_object_by_object() -> None:
    changes = (
        Change("/group/web", b'{"v":1,"name":"new"}'),
        Change("/member/web/p1", b"{}"),
        Change("/network/net", b'{"v":1}'),
        Change("/rule/web/http", None),
    )
    known = {"/group/web": b'{"v":1,"name":"old"}', "/rule/web/http": b"{}"}
    assert texts(policy_events(Commit(9, changes), known)) == [
        'revision 9: change group web (name: "old" → "new")',
        "revision 9: create network net",
        "revision 9: delete rule http",
    ]


def test_what_was_not_there_and_is_not_there_is_no_event() -> None:
    assert texts(policy_events(Commit(9, (Change("/port/p", None),)), {})) == []


def test_a_new_agent_is_told_with_what_it_enforces() -> None:
    assert texts(agent_events(None, ENFORCING)) == [
        "h1: started on br-int, pid 1",
        "h1: enforces revision 7",
        "web-1 on h1: active",
    ]


def test_a_report_that_only_counts_is_no_event() -> None:
    later = replace(ENFORCING, updated_at=99.0, packets_in=5, metered_drops=3)
    assert texts(agent_events(ENFORCING, later)) == []


def test_changes_of_an_agent_are_told() -> None:
    closed = PortStatus("p1", "closed", "web-1", reason="cannot be read")
    later = replace(
        ENFORCING, revision=8, ports=(closed,), problems={"store": "is gone"}, stopped=True
    )
    assert texts(agent_events(ENFORCING, later)) == [
        "h1: enforces revision 8",
        "h1: problem: store: is gone",
        "web-1 on h1: closed (cannot be read)",
        "h1: stopped; its flows stay",
    ]
    assert texts(agent_events(later, replace(later, problems={}, ports=()))) == [
        "h1: solved: store",
        "web-1 on h1: gone",
    ]


def test_a_port_that_gets_saturated_is_told() -> None:
    full = replace(ENFORCING, ports=(replace(PORT, saturated=True, verdicts_deny=1024),))
    assert texts(agent_events(ENFORCING, full)) == ["web-1 on h1: active, saturated"]


def test_verdicts_that_come_and_go_are_told() -> None:
    allow, deny = {ALLOW.flow().key: ALLOW}, {DENY.flow().key: DENY}
    assert texts(verdict_events({}, allow, PLACE)) == [
        "web-1 ingress: allow IPv4, tcp, port 80 by rule http"
    ]
    assert texts(verdict_events(allow, allow, PLACE)) == []
    assert texts(verdict_events(allow, deny, PLACE)) == ["web-1 ingress: deny IPv4, tcp, port 80"]
    assert texts(verdict_events(deny, {}, Place("h1", {}, {}))) == [
        "key 3 ingress: forget IPv4, tcp, port 80"
    ]


Watching = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def watching(shop: Damselfly, store_url: str) -> Iterator[Watching]:
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        made = subprocess.Popen(
            [sys.executable, "-m", "damselfly", "watch", *options],
            env=os.environ | {"DAMSELFLY_STORE": store_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(made)
        assert made.stderr is not None
        assert "watching from revision" in made.stderr.readline()
        return made

    yield start
    for made in started:
        made.kill()
        made.communicate()


def lines(stream: IO[str] | None, count: int) -> list[str]:
    """Read so many lines, and give up after a while."""
    assert stream is not None
    found: list[str] = []
    reading = threading.Thread(
        target=lambda: found.extend(stream.readline() for _ in range(count)), daemon=True
    )
    reading.start()
    reading.join(20)
    assert len(found) == count
    return found


def test_what_happens_is_one_object_a_line_for_programs(
    shop: Damselfly, watching: Watching, store_url: str
) -> None:
    made = watching("-o", "json")
    shop("delete", "rule", "app-logs")
    report(store_url, alive("h1", 2))
    said = [json.loads(line) for line in lines(made.stdout, 3)]
    assert [(one["event"], one.get("change"), one.get("what")) for one in said] == [
        ("policy", "delete", None),
        ("agent", None, "started"),
        ("agent", None, "enforced"),
    ]
    assert abs(said[0]["time"] - time.time()) < 60
    made.send_signal(signal.SIGINT)
    assert (made.wait(10), made.communicate()) == (0, ("", ""))


def test_what_happens_is_a_line_of_text_for_people(shop: Damselfly, watching: Watching) -> None:
    made = watching("--only", "policy")
    shop("delete", "rule", "app-logs")
    (line,) = lines(made.stdout, 1)
    assert line.endswith(" policy   revision 2: delete rule app-logs\n")
    made.send_signal(signal.SIGTERM)
    assert made.wait(10) == 0


def test_a_reader_that_goes_away_ends_it_without_a_traceback(
    shop: Damselfly, watching: Watching
) -> None:
    made = watching()
    assert made.stdout is not None
    assert made.stderr is not None
    made.stdout.close()
    shop("delete", "rule", "app-logs")
    made.wait(10)
    assert "Traceback" not in made.stderr.read()


def test_watching_nothing_is_refused(damselfly: Damselfly) -> None:
    assert damselfly("watch").code == 3
    assert damselfly("watch", "--only", "weather").code == 2
