"""Damselfly on the same two machines."""

from __future__ import annotations

from contextlib import ExitStack
from typing import ClassVar

from bench.agent import Agent
from damselfly.model.address import IPV4, Prefix, parse_mac
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port

from .rig import ADDRESSES, MACS, PORTS, Rig

_NAMES = ("client", "server")


class Ours(Rig):
    """Damselfly's agent, reactive."""

    name: ClassVar[str] = "damselfly"
    title: ClassVar[str] = "Damselfly"
    filters: ClassVar[bool] = True

    def filter(self, stack: ExitStack) -> None:
        """Start an agent and give it the policy."""
        agent = stack.enter_context(Agent(self.hypervisor))
        ports = (
            Port(name, "net", parse_mac(mac), name, (Prefix.parse(address),), (), (name,))
            for name, mac, address in zip(_NAMES, MACS, ADDRESSES, strict=True)
        )
        agent.enforced(agent.write([Network("net", "net", 1), *_groups(), *ports]))


def _groups() -> tuple[SecurityGroup, ...]:
    outwards = Rule("any", "client", Direction.EGRESS, IPV4)
    admitted = (
        Rule("icmp", "server", Direction.INGRESS, IPV4, ICMP),
        *(Rule(f"tcp-{n}", "server", Direction.INGRESS, IPV4, TCP, n, n) for n in PORTS),
    )
    return (
        SecurityGroup("client", "client", (outwards,)),
        SecurityGroup("server", "server", tuple(sorted(admitted, key=lambda rule: rule.id))),
    )
