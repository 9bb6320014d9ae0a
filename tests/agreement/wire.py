"""A real switch under a real agent, with a VM for each port: frames in, and who saw them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Self

from bench.agent import UNMETERED, Agent
from damselfly.model.group import SecurityGroup
from damselfly.model.snapshot import Thing
from damselfly.northbound.codec import write, written_together
from damselfly.northbound.store import Change
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from lab.vm import VM

PATIENCE = 5.0
"""Seconds after which a frame that should arrive is lost."""
LATE = 0.2
"""Seconds in which a frame that should not arrive would; if later, it counts in the next round."""
MARK = b"case"


class Wire:
    """A hypervisor, an agent, and VMs by port id; a context manager."""

    def __init__(self, macs: dict[str, str]) -> None:
        """Describe it; entering it starts everything."""
        self._macs = macs
        self._stack = ExitStack()
        self._held: dict[str, bytes | None] = {}
        self._sent = 0
        self.wires: dict[str, Frames] = {}

    def __enter__(self) -> Self:
        """Start the switch, the agent and the VMs."""
        with ExitStack() as stack:
            self.hypervisor = stack.enter_context(Hypervisor())
            self.agent = stack.enter_context(Agent(self.hypervisor, **UNMETERED))
            for name, mac in self._macs.items():
                vm = VM(self.hypervisor, name, mac)
                self.wires[name] = stack.enter_context(Frames(vm))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it all."""
        self._stack.close()

    def enforce(self, things: Iterable[Thing]) -> None:
        """Let this be the whole policy; return once the agent has enforced it."""
        wanted = dict(change for thing in things for change in _changes(thing))
        gone = {key: None for key in self._held if key not in wanted}
        new = {key: data for key, data in wanted.items() if self._held.get(key) != data}
        self._held = wanted
        if new or gone:
            changes = [Change(*each) for each in (new | gone).items()]
            self.agent.enforced(self.agent.commit(changes))

    def forget_connections(self) -> None:
        """Empty the connection tracker, so that the next packets open connections of their own."""
        self.hypervisor.appctl("dpctl/flush-conntrack")

    def next_mark(self) -> bytes:
        """Return a payload by which a frame is known again; none is used twice."""
        self._sent += 1
        return MARK + self._sent.to_bytes(4)

    def send(self, port_id: str, frame: bytes) -> None:
        """Send a frame from a VM."""
        self.wires[port_id].send(frame)

    def seen(self, expected: dict[bytes, list[str]]) -> dict[bytes, list[str]]:
        """Return which VMs saw which marks; wait for those that are expected, and then a little."""
        found: dict[bytes, list[str]] = defaultdict(list, {mark: [] for mark in expected})
        missing = sum(map(len, expected.values()))
        end = time.monotonic() + (PATIENCE if missing else LATE)
        while time.monotonic() < end:
            for name, mark in self._arrived():
                found[mark].append(name)
                missing -= name in expected.get(mark, ())
                if not missing:
                    end = min(end, time.monotonic() + LATE)
            time.sleep(0.005)
        return {mark: sorted(names) for mark, names in found.items()}

    def _arrived(self) -> Iterator[tuple[str, bytes]]:
        for name, wire in self.wires.items():
            for frame in wire.receive(0):
                place = frame.find(MARK)
                if place >= 0:
                    yield name, frame[place : place + len(MARK) + 4]


def _changes(thing: Thing) -> Iterator[Change]:
    yield write(thing)
    yield from written_together(thing)
    if isinstance(thing, SecurityGroup):
        yield from map(write, thing.rules)
