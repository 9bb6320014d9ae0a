"""What the measurements do to a host and its agent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from bench.agent import Agent
from damselfly.northbound.store import Change
from lab.hypervisor import Hypervisor


class Changed(NamedTuple):
    """What one change took."""

    cpu: float
    flow_mods: int
    delay: float
    """Until enforced; times are in milliseconds."""


def plug(hypervisor: Hypervisor, names: Iterable[str]) -> None:
    """Plug in as many ports, which are interfaces of the host: nothing is sent through them."""
    words: list[str] = []
    for name in names:
        words += ["--", "add-port", hypervisor.bridge, name]
        words += ["--", "set", "Interface", name, "type=internal", f"external_ids:iface-id={name}"]
    hypervisor.vsctl(*words[1:])


def changed(agent: Agent, change: Change) -> Changed:
    """Commit a change and wait until it is enforced."""
    before = agent.status()
    assert before is not None
    cpu, start = agent.cpu(), time.time()
    after = agent.enforced(agent.commit([change]))
    delay = (after.revision_at - start) * 1e3
    return Changed((agent.cpu() - cpu) * 1e3, after.flow_mods - before.flow_mods, delay)


def resident(agent: Agent) -> float:
    """Return how much memory the agent's process has, in MB (proc(5), VmRSS)."""
    for line in Path("/proc", str(agent.process.pid), "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
