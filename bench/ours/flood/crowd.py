"""The machines: one that floods, its victim, a client of that, and two others; one hypervisor."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Self

from bench.agent import Agent
from bench.ours.frames import Ends
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import UDP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from lab.hypervisor import Hypervisor
from lab.vm import VM

from .load import Flood
from .probe import Delays, Probe

_NAMES = ("flooder", "victim", "client", "left", "right")
_GROUP = "worn"
KNOWN_PORT = 20_000
_PAUSE = 0.002
_WARMING = 2.0
"""Seconds that a flood runs before anything is measured."""


@dataclass(frozen=True, slots=True)
class Phase:
    """What was seen in one phase; delays by whom and by whether a verdict was there."""

    delays: dict[tuple[str, bool], Delays] = field(default_factory=dict)
    agent_share: float = 0.0
    """Of one core, in percent."""
    received: float = 0.0
    """Packets a second that reached the switch."""


class Crowd:
    """Five machines, with an agent that guards them or without any filter."""

    def __init__(self, ports: int, *, guarded: bool) -> None:
        """Describe the crowd; entering it builds it.

        ``ports`` are open, every other one, so that each needs a verdict of its own.
        """
        self.guarded = guarded
        self._ports = range(KNOWN_PORT, KNOWN_PORT + 2 * (ports + 1), 2)
        self._undo = ExitStack()
        self._asked = iter(self._ports[1:])

    def __enter__(self) -> Self:
        """Build everything and wait until it is enforced."""
        with ExitStack() as undo:
            self.hypervisor = undo.enter_context(Hypervisor(f"flood-{int(self.guarded)}"))
            self.vms = [undo.enter_context(self._machine(number)) for number in range(len(_NAMES))]
            self.agent = undo.enter_context(Agent(self.hypervisor)) if self.guarded else None
            self._filter()
            self._probes = {
                "neighbours": self._probe(3, 4),
                "client of the victim": self._probe(2, 1),
            }
            for probe in self._probes.values():
                undo.callback(probe.close)
                for _ in range(20):
                    probe.send(KNOWN_PORT)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything down."""
        self._undo.close()

    @contextmanager
    def flood(self, rate: float) -> Iterator[None]:
        """Flood meanwhile."""
        namespace = str(self.vms[0].namespace.path)
        load = Flood(namespace, _mac(0), _address(0), _mac(1), _address(1), rate)
        process = subprocess.Popen(load.command(), stdout=subprocess.DEVNULL)
        try:
            time.sleep(_WARMING)
            yield
        finally:
            process.kill()
            process.wait()

    def measure(self, count: int) -> Phase:
        """Send so many probes of each kind, one after the other."""
        found = {(who, known): Delays([], 0) for who in self._probes for known in (False, True)}
        start, cpu, received = time.monotonic(), self._cpu(), self._received()
        for port in islice(self._asked, count):
            for who, probe in self._probes.items():
                found[who, False] += probe.send(port)
                found[who, True] += probe.send(KNOWN_PORT)
                time.sleep(_PAUSE)
        seconds = time.monotonic() - start
        used = (self._cpu() - cpu) / seconds
        return Phase(found, 100 * used, (self._received() - received) / seconds)

    def _cpu(self) -> float:
        return 0.0 if self.agent is None else self.agent.cpu()

    def _received(self) -> int:
        told = self.hypervisor.appctl("dpif-netdev/pmd-stats-show")
        return sum(map(int, re.findall(r"packets received: (\d+)", told)))

    def _filter(self) -> None:
        if self.agent is None:
            lines = (f"dl_dst={vm.mac},actions=output:{vm.ofport}" for vm in self.vms)
            self.hypervisor.flows(*lines)
            return
        ports = (
            Port(name, "net", _mac(n), name, (Prefix(IPV4, _address(n), 32),), (), (_GROUP,))
            for n, name in enumerate(_NAMES)
        )
        self.agent.enforced(
            self.agent.write([Network("net", "net", 1), _group(self._ports), *ports])
        )

    def _machine(self, number: int) -> VM:
        mac, address = _mac(number).to_bytes(6).hex(":"), Prefix(IPV4, _address(number), 32)
        return VM(self.hypervisor, _NAMES[number], mac, [f"{address}/8"], port_id=_NAMES[number])

    def _probe(self, sender: int, receiver: int) -> Probe:
        ends = Ends(_mac(sender), _mac(receiver), _address(receiver))
        return Probe(self.vms[sender], self.vms[receiver], ends, _address(sender))


def _mac(number: int) -> int:
    return 0x02_00_00_00_00_01 + number


def _address(number: int) -> int:
    return (10 << 24) + 1 + number


def _group(opened: range) -> SecurityGroup:
    rules = (Rule(f"udp-{n}", _GROUP, Direction.INGRESS, IPV4, UDP, n, n) for n in opened)
    return SecurityGroup(_GROUP, _GROUP, (Rule("any", _GROUP, Direction.EGRESS, IPV4), *rules))
