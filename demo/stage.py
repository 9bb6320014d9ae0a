"""The stage: a hypervisor, the VMs of the example, the agent, and the command line."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import yaml

from damselfly.pipeline.layout import Table
from lab import sandbox
from lab.command import CommandFailed, run
from lab.daemon import Daemon, wait_until
from lab.hypervisor import Hypervisor
from lab.vm import VM

from .score import Score

EXAMPLE = Path("examples/three-tier.yaml")
EXPECTED = Path("examples/three-tier-expected.yaml")
_STORE = "DAMSELFLY_STORE"
_PREFIX_LENGTHS = {".": 24, ":": 64}


class Stage:
    """Everything that the parts of the demonstration share; a context manager."""

    def __init__(self, score: Score) -> None:
        """Describe the stage; entering it sets it up."""
        self._score = score
        self._close = ExitStack()
        self.policy: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
        self.vms: dict[str, VM] = {}

    def __enter__(self) -> Self:
        """Start the hypervisor, make the VMs unplugged, start the agent on an empty store."""
        self.directory = sandbox.STATE / "demo"
        self.directory.mkdir()
        self.store = f"sqlite:///{self.directory}/policy.db"
        self.hypervisor = self._close.enter_context(Hypervisor("hv1"))
        for port in self.policy["ports"]:
            addresses = [_with_length(fixed["ip_address"]) for fixed in port["fixed_ips"]]
            vm = VM(self.hypervisor, port["name"], port["mac_address"], addresses, plug=False)
            self.vms[vm.name] = self._close.enter_context(vm)
        self.agent = Daemon(
            _damselfly("agent", "--store", self.store, "--ovsdb", self.hypervisor.ovsdb),
            self.directory / "agent.log",
        )
        self._close.callback(self.agent.stop)
        self.agent.start(self._has_reported)
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything down."""
        self._close.close()

    def damselfly(self, *arguments: str, quiet: bool = False) -> str:
        """Give a command to damselfly, show it, and return what it prints.

        Raises CommandFailed where it fails, or where the agent has ended.
        """
        if not quiet:
            self._score.command(["damselfly", *arguments])
        if not self.agent.running:
            raise CommandFailed(f"the agent has ended:\n{self.agent.tail()}")
        return run(_damselfly(*arguments), environment=os.environ | {_STORE: self.store}).stdout

    def ask(self, *arguments: str) -> Any:
        """Give a command to damselfly, without showing it, and return its answer as data."""
        return json.loads(self.damselfly(*arguments, "-o", "json", quiet=True))

    def apply_without(self, rule_id: str) -> None:
        """Apply the example less one rule, and wait until that is enforced."""
        groups = [
            group | {"rules": [rule for rule in group["rules"] if rule.get("id") != rule_id]}
            for group in self.policy["security_groups"]
        ]
        path = self.directory / f"without-{rule_id}.yaml"
        path.write_text(yaml.safe_dump(self.policy | {"security_groups": groups}))
        self.damselfly("apply", str(path), "--wait")

    def hints(self) -> dict[str, str]:
        """Return commands that look around in here: the first from outside, the others in it."""
        settings = f"{_STORE}={self.store} PATH={Path(sys.executable).parent}:$PATH"
        inside = f"nsenter --target {sandbox.first_process()} --all --wd={Path.cwd()}"
        flows = f"ovs-ofctl -OOpenFlow15 dump-flows unix:{self.hypervisor.management}"
        attacker = self.vms["attacker"].namespace.name
        return {
            "Look around in here from another terminal": f"{inside} env {settings} bash",
            "and there: what the agent says": "damselfly status",
            "why something is denied": "damselfly explain --from attacker --to db-1 --port 5432",
            "the verdicts so far": f"{flows} table={Table.VERDICTS}",
            "be the attacker": f"ip netns exec {attacker} bash",
        }

    def packets_to_agent(self) -> int:
        """Count the packets that the agent was asked about until now."""
        now = time.time()
        wait_until(lambda: self._agents()[0]["updated_at"] > now, 10, "the agent's next report")
        return int(self._agents()[0]["packets_in"])

    def _has_reported(self) -> bool:
        asked = run(_damselfly("status", "--store", self.store, "-o", "json"), check=False)
        return asked.returncode == 0 and bool(json.loads(asked.stdout)["agents"])

    def _agents(self) -> list[dict[str, Any]]:
        """Return what the agent says of itself."""
        agents = self.ask("status")["agents"]
        assert isinstance(agents, list)
        return agents

    def flows(self, *tables: int) -> list[str]:
        """Read the flows of some tables from the switch with ovs-ofctl, counters included."""
        return [
            line.strip()
            for table in tables
            for line in self.hypervisor.ofctl("dump-flows", f"table={table}").splitlines()
            if "cookie=" in line
        ]


def _damselfly(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("damselfly")), *arguments]


def _with_length(address: str) -> str:
    return f"{address}/{_PREFIX_LENGTHS[':' if ':' in address else '.']}"
