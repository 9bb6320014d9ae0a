"""A hypervisor with two VMs, an agent of its own process, and the command line beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab.daemon import Daemon
from lab.hypervisor import Hypervisor
from lab.vm import VM

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


class Host:
    """A hypervisor with two VMs, an agent, and the command line."""

    def __init__(self, hypervisor: Hypervisor, store: str | None = None) -> None:
        self.hypervisor = hypervisor
        self.directory = Path(hypervisor.rundir)
        store = store or f"sqlite:///{self.directory}/policy.db"
        self.environment = os.environ | {"DAMSELFLY_STORE": store}
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
