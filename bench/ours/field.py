"""A field of machines for loads: one sender, some receivers, an agent that judges between them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Self

from bench.agent import Agent
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import AddressPair, Port
from damselfly.northbound.codec import Stored
from damselfly.northbound.status import AgentStatus
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.vm import VM

from .frames import Ends
from .policies import NETWORK

SENDER = "sender"
_SENDER_MAC, _FIRST_MAC = 0x02_00_00_00_00_01, 0x02_00_00_00_01_00
_SENDER_ADDRESS, _FIRST_ADDRESS = 0x0AFF0001, 0x0AFF0100
ANYWHERE = AddressPair(Prefix(IPV4, 0, 0))
"""Lets the sender use any address, so that its packets look as if they came from everywhere."""


class Field:
    """One hypervisor with a sender, receivers named ``receiver-0`` and so on, and an agent."""

    def __init__(self, groups: Sequence[tuple[str, ...]], **settings: float) -> None:
        """Describe the field: one receiver for each tuple of groups that it wears."""
        self._stack = ExitStack()
        self._groups = groups
        self._settings = settings

    def __enter__(self) -> Self:
        """Build the field; nothing is enforced yet."""
        with ExitStack() as stack:
            self.hypervisor = stack.enter_context(Hypervisor("field"))
            self.sender = stack.enter_context(self._machine(_port_of_sender()))
            self.ports = [_port_of_receiver(n, groups) for n, groups in enumerate(self._groups)]
            self.receivers = [stack.enter_context(self._machine(port)) for port in self.ports]
            self.agent = stack.enter_context(Agent(self.hypervisor, **self._settings))
            self.output = stack.enter_context(raw_socket(self.sender))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the field down."""
        self._stack.close()

    def enforce(self, things: Iterable[Stored]) -> None:
        """Write the ports and these objects, and wait until they are enforced."""
        fixed: list[Stored] = [Network(NETWORK, NETWORK, 1), _group_of_sender(), _port_of_sender()]
        self.agent.enforced(self.agent.write([*fixed, *things, *self.ports]))

    def ends(self, number: int = 0) -> Ends:
        """Return the addresses of a load from the sender to a receiver."""
        port = self.ports[number]
        return Ends(_SENDER_MAC, port.mac, port.fixed_ips[0].value)

    @property
    def scanner_address(self) -> int:
        """The sender's own address."""
        return _SENDER_ADDRESS

    def key_of(self, number: int) -> int:
        """Return a receiver's key."""
        found = {port.port_id: port.key for port in self.fresh_status().ports}
        key = found[self.ports[number].id]
        assert key is not None
        return key

    def fresh_status(self) -> AgentStatus:
        """Return what the agent says of itself from now on."""
        start = time.time()
        wait_until(lambda: self._updated_at() > start, 10, "a fresh status")
        status = self.agent.status()
        assert status is not None
        return status

    def send(self, frames: Sequence[bytes], rate: float) -> float:
        """Send the frames evenly at so many a second; return the rate that was reached."""
        start = time.perf_counter()
        for number, data in enumerate(frames):
            due = start + number / rate
            while (ahead := due - time.perf_counter()) > 0:
                time.sleep(min(ahead, 0.001))
            self.output.send(data)
        return len(frames) / (time.perf_counter() - start)

    def settle(self, quiet: float = 0.3) -> int:
        """Wait until no verdict is added any more; return how many there are."""
        count = -1
        while (now := self.agent.verdicts()) != count:
            count = now
            time.sleep(quiet)
        return count

    def _updated_at(self) -> float:
        status = self.agent.status()
        return 0.0 if status is None else status.updated_at

    def _machine(self, port: Port) -> VM:
        mac = port.mac.to_bytes(6).hex(":")
        return VM(self.hypervisor, port.name, mac, [f"{port.fixed_ips[0]}/16"], port_id=port.id)


def raw_socket(vm: VM) -> socket.socket:
    """Open a socket that sends and receives whole IPv4 frames at the machine's network card."""
    opened = vm.namespace.open_socket(
        socket.AF_PACKET, socket.SOCK_RAW, socket.htons(IPV4.ethertype)
    )
    opened.bind(("eth0", IPV4.ethertype))
    return opened


def _port_of_sender() -> Port:
    address = Prefix(IPV4, _SENDER_ADDRESS, 32)
    return Port(SENDER, NETWORK, _SENDER_MAC, SENDER, (address,), (ANYWHERE,), (SENDER,))


def _port_of_receiver(number: int, groups: tuple[str, ...]) -> Port:
    name, address = f"receiver-{number}", Prefix(IPV4, _FIRST_ADDRESS + number, 32)
    return Port(name, NETWORK, _FIRST_MAC + number, name, (address,), (), tuple(sorted(groups)))


def _group_of_sender() -> SecurityGroup:
    return SecurityGroup(SENDER, SENDER, (Rule("any", SENDER, Direction.EGRESS, IPV4),))
