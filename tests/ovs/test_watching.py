"""``damselfly watch`` beside a real switch: verdicts as they come and go."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from lab.daemon import wait_until
from lab.traffic import Probe, reaches
from tests.ovs.host import Host

pytestmark = pytest.mark.ovs


class Watcher:
    """A running ``damselfly watch -o json``, its output in a file."""

    def __init__(self, host: Host) -> None:
        self._file = host.directory / "watch.out"
        with self._file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "damselfly", "watch", "--interval", "0.1", "-o", "json"],
                env=host.environment,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert self.process.stderr is not None
        assert "1 of their switches on this machine" in self.process.stderr.readline()

    def said(self, **wanted: object) -> list[Any]:
        """Return the events with these fields, once there are any."""

        def found() -> list[Any]:
            events = [json.loads(line) for line in self._file.read_text().splitlines()]
            return [one for one in events if wanted.items() <= one.items()]

        wait_until(lambda: bool(found()), 20, str(wanted))
        return found()


@pytest.fixture
def watcher(host: Host) -> Iterator[Watcher]:
    host.apply()
    made = Watcher(host)
    yield made
    made.process.kill()
    made.process.communicate()


def test_verdicts_and_changes_are_told_as_they_happen(host: Host, watcher: Watcher) -> None:
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    (allowed,) = watcher.said(event="verdict", verdict="allow", direction="ingress")
    assert (allowed["port"], allowed["rule"]) == ("two", "http")
    assert not reaches(Probe(host.one, host.two.ipv4, "tcp", 81))
    (denied,) = watcher.said(event="verdict", verdict="deny")
    assert (denied["port"], denied["rule"]) == ("two", None)
    host.damselfly("delete", "rule", "http", "--wait")
    watcher.said(event="policy", change="delete", id="http")
    watcher.said(event="agent", what="enforced")
    assert watcher.said(event="verdict", verdict="forget")[0]["rule"] == "http"
    host.agent.stop()
    watcher.said(event="agent", what="stopped")
    watcher.process.send_signal(signal.SIGINT)
    assert watcher.process.wait(10) == 0
