"""The command line beside a running agent and a real switch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.daemon import Daemon, wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from lab.vm import VM

pytestmark = pytest.mark.ovs

POLICY = """
networks: [{name: net, subnets: [{cidr: 10.0.0.0/24}]}]
security_groups:
  - name: web
    rules:
      - {id: out, direction: egress}
      - {id: http, direction: ingress, protocol: tcp, port_range_min: 80, port_range_max: 80}
ports:
  - {name: one, network_id: net, mac_address: 02:00:00:00:00:01, fixed_ips: [10.0.0.1],
     security_groups: [web]}
  - {name: two, network_id: net, mac_address: 02:00:00:00:00:02, fixed_ips: [10.0.0.2],
     security_groups: [web]}
"""
HTTP = ("--from", "one", "--to", "10.0.0.2", "--port", "80")


class Host:
    """A hypervisor with two VMs, an agent, and the command line."""

    def __init__(self, hypervisor: Hypervisor) -> None:
        self.hypervisor = hypervisor
        self.directory = Path(hypervisor.rundir)
        self.environment = os.environ | {"DAMSELFLY_STORE": f"sqlite:///{self.directory}/policy.db"}
        self.agent = Daemon(
            [
                *(sys.executable, "-m", "damselfly", "agent", "--host", "h1"),
                *("--ovsdb", hypervisor.ovsdb, "--store", self.environment["DAMSELFLY_STORE"]),
            ],
            self.directory / "agent.log",
        )
        self.one = VM(hypervisor, "one", "02:00:00:00:00:01", ["10.0.0.1/24"])
        self.two = VM(hypervisor, "two", "02:00:00:00:00:02", ["10.0.0.2/24"])

    def damselfly(self, *arguments: str, code: int = 0) -> str:
        """Give a command; return its answer, and fail unless it ends with that code."""
        done = subprocess.run(
            [sys.executable, "-m", "damselfly", *arguments],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def data(self, *arguments: str, code: int = 0) -> Any:
        """Give a command; return its answer as data."""
        return json.loads(self.damselfly(*arguments, "-o", "json", code=code))

    def apply(self, text: str = POLICY, *options: str, code: int = 0) -> Any:
        """Apply a manifest and wait for the agent."""
        file = self.directory / "policy.yaml"
        file.write_text(text)
        return self.data("apply", str(file), "--wait", *options, code=code)


@pytest.fixture
def host(hypervisor: Hypervisor) -> Iterator[Host]:
    made = Host(hypervisor)
    made.agent.start()
    try:
        made.damselfly("agent", "--ovsdb", "unix:/nowhere/db.sock", code=4)
        wait_until(lambda: _has_reported(made), 20, "the agent")
        yield made
    finally:
        made.agent.stop()


def _has_reported(host: Host) -> bool:
    return bool(host.data("status")["agents"])


def test_what_apply_waited_for_is_enforced(host: Host) -> None:
    assert host.apply()["enforced_by"] == ["h1"]
    (agent,) = host.data("status")["agents"]
    assert {port["port_id"]: port["state"] for port in agent["ports"]} == {
        "one": "active",
        "two": "active",
    }
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    host.damselfly("delete", "rule", "http", "--wait")
    assert not reaches(Probe(host.one, host.two.ipv4, "tcp", 80))


@pytest.mark.parametrize(("port", "allowed"), [(80, True), (81, False)])
def test_explain_agrees_with_the_flow_that_the_switch_holds(
    host: Host, port: int, allowed: bool
) -> None:
    question = ("explain", *HTTP[:-1], str(port))
    host.apply()
    assert [end["switch"]["flow"] for end in host.data(*question)["ends"]] == [None, None]
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", port)) is allowed
    answer = host.data(*question)
    assert answer["allowed"] is allowed
    assert answer["ends"][1]["switch"]["agrees"] is True


def test_verify_finds_what_does_not_belong_and_what_is_missing(host: Host) -> None:
    host.apply()
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    (found,) = host.data("verify")["switches"]
    assert found["agrees"]
    host.hypervisor.ofctl("add-flow", "table=0,priority=7,ip,nw_src=192.0.2.1,actions=drop")
    (found,) = host.data("verify", code=1)["switches"]
    assert (found["missing"], len(found["unexpected"])) == ([], 1)
    assert "192.0.2.1" in found["unexpected"][0]
    host.hypervisor.ofctl("del-flows", "table=0")
    (found,) = host.data("verify", code=1)["switches"]
    assert found["missing"]
    assert found["unexpected"] == []


def test_explain_takes_no_tampered_flow_for_a_verdict(host: Host) -> None:
    host.apply()
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    flow = host.data("explain", *HTTP)["ends"][1]["switch"]["flow"]
    match = flow.removeprefix(flow.split(", ")[0] + ", ").split(" actions=")[0]
    host.hypervisor.ofctl("mod-flows", f"{match.replace(' ', '')},actions=drop")
    receiver = host.data("explain", *HTTP)["ends"][1]
    assert receiver["allowed"]
    assert receiver["switch"]["agrees"] is not True


def test_an_agent_that_is_gone_does_not_confirm(host: Host) -> None:
    host.apply()
    host.agent.stop()
    words = host.damselfly("delete", "rule", "http", "--wait", "--timeout", "0.5", code=5)
    assert "not confirmed within 0.5 s by h1" in words
