"""A hypervisor with an agent of its own process, two VMs and a small policy."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from bench.agent import Agent
from damselfly.model.address import FAMILIES, IPV4, IPV6, Prefix, parse_mac
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored
from damselfly.northbound.store import Change
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.vm import VM

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
GROUP = SecurityGroup(
    "web",
    "web",
    (
        Rule("big", "web", INGRESS, IPV4, UDP, 5000, 5000),
        Rule("http", "web", INGRESS, IPV4, TCP, 80, 80),
        Rule("http6", "web", INGRESS, IPV6, TCP, 80, 80),
        Rule("out4", "web", EGRESS, IPV4),
        Rule("out6", "web", EGRESS, IPV6),
        Rule("ping", "web", INGRESS, IPV4, ICMP, 8, 0, remote_group_id="web"),
        Rule("ping6", "web", INGRESS, IPV6, ICMPV6, 128, 0, remote_group_id="web"),
        Rule("ssh", "web", INGRESS, IPV4, TCP, 22, 22),
    ),
)
OPEN = SecurityGroup(
    "open",
    "open",
    tuple(
        Rule(f"{direction.value}{family.version}", "open", direction, family)
        for direction in (INGRESS, EGRESS)
        for family in FAMILIES
    ),
)
"""Lets everything in and out."""
NETWORK = Network("net", "net", 7)


def port(number: int) -> Port:
    addresses = (Prefix.parse(f"10.0.0.{number}"), Prefix.parse(f"fd00::{number}"))
    return Port(
        f"vm{number}", "net", parse_mac(mac(number)), f"vm{number}", addresses, (), ("web",)
    )


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def vm(hypervisor: Hypervisor, number: int) -> VM:
    addresses = [f"10.0.0.{number}/24", f"fd00::{number}/64"]
    return VM(hypervisor, f"vm{number}", mac(number), addresses)


class Site:
    """A hypervisor with an agent, two VMs and the policy above."""

    def __init__(self, hypervisor: Hypervisor, agent: Agent) -> None:
        self.hypervisor = hypervisor
        self.agent = agent
        self.one, self.two = vm(hypervisor, 1), vm(hypervisor, 2)
        self.apply(NETWORK, GROUP, port(1), port(2))

    def apply(self, *things: Stored) -> None:
        """Write objects and wait until they are enforced."""
        self.agent.enforced(self.agent.write(things))

    def delete_rule(self, rule_id: str, group_id: str = "web") -> None:
        """Delete a rule of a group and wait until that is enforced."""
        change = Change(keys.rule(group_id, rule_id), None)
        self.agent.enforced(self.agent.commit([change]))

    def restart_agent(self, between: Callable[[], object] = lambda: None) -> None:
        """Kill the agent with SIGKILL and start it again; wait until it has enforced."""
        before = self.agent.status()
        assert before is not None
        os.kill(self.agent.process.pid, signal.SIGKILL)
        between()
        self.agent.process.stop()
        now = time.time()
        self.agent.process.start()
        wait_until(lambda: self._started_after(now), 20, "the agent")

    def _started_after(self, moment: float) -> bool:
        status = self.agent.status()
        return status is not None and status.started_at >= moment and status.revision > 0

    def active(self) -> set[str]:
        """Return the ports that the agent says it enforces."""
        status = self.agent.status()
        assert status is not None
        return {each.port_id for each in status.ports if each.state == "active"}
