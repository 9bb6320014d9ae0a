"""One host in memory: the agent's enforcement and reactive path on the fake switch."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from itertools import count
from typing import Any

from damselfly.agent.enforcement import Enforcement
from damselfly.agent.reactive import Fate, Reactive
from damselfly.flow.flow import Flow, MeterBand
from damselfly.model.network import Attachment
from damselfly.model.port import Port
from damselfly.model.snapshot import EMPTY, Snapshot, Thing
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE
from damselfly.southbound.fake import FakeSwitch
from damselfly.southbound.switch import PacketIn

from .frames import Frame


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never really waits, as everything on the fake switch does."""
    try:
        work.send(None)
    except StopIteration as finished:
        return finished.value
    raise AssertionError("it waited")


class Rig:
    """A host whose ports have key and ofport 1, 2, ... in the order in which they were plugged."""

    def __init__(self, *things: Thing, deny_budget: int = 1024) -> None:
        self.switch = FakeSwitch()
        self.keys: dict[str, int] = {}
        self.plugged: dict[str, int] = {}
        self.snapshot: Snapshot = EMPTY
        self._labels = count(0x1000)
        self._deny_budget = deny_budget
        self.restart()
        self.apply(*things)

    def restart(self) -> None:
        """Start a new agent, which knows nothing but what switch and store say."""
        self.enforcement = Enforcement(lambda: next(self._labels))
        self.reactive = Reactive(self.enforcement, self._deny_budget)
        self.switch.on_packet_in = self._answer
        self._taken_over = False

    def _answer(self, packet: PacketIn) -> None:
        self.reactive.answer(self.switch, packet)

    def plug(self, *port_ids: str) -> None:
        """Plug ports in and enforce."""
        for port_id in port_ids:
            key = self.keys.setdefault(port_id, len(self.keys) + 1)
            self.plugged[port_id] = key
        self.enforce()

    def unplug(self, port_id: str) -> None:
        """Unplug a port and enforce."""
        key = self.plugged.pop(port_id)
        self.enforce()
        done(self.switch.flush_zone(key))

    def apply(self, *things: Thing, drop: Iterable[tuple[type[Thing], str]] = ()) -> int:
        """Write objects to the policy; plug in new ports; return the flow-mods it took."""
        self.snapshot = self.snapshot.evolve(self.snapshot.revision + 1, things, drop)
        for thing in things:
            if isinstance(thing, Port):
                self.plugged[thing.id] = self.keys.setdefault(thing.id, len(self.keys) + 1)
        return self.enforce()

    def enforce(self) -> int:
        """Bring the switch up to date; return the number of flow-mods sent."""
        bands = [MeterBand(key, 500, 250) for key in self.plugged.values()]
        done(self.switch.set_meters(bands))
        attachments = [Attachment(name, key, key) for name, key in self.plugged.items()]
        if self._taken_over:
            delta = self.enforcement.advance(self.snapshot, attachments)
        else:
            actual = [each.flow for each in done(self.switch.flows())]
            delta = self.enforcement.adopt(actual, self.snapshot, attachments)
            self._taken_over = True
        done(self.switch.apply(delta))
        return len(delta)

    def send(self, port_id: str, frame: Frame | bytes) -> list[str]:
        """Send a frame from a port; return the ports that received it."""
        data = frame.bytes() if isinstance(frame, Frame) else frame
        names = {key: name for name, key in self.plugged.items()}
        return sorted(names[port] for port, _ in self.switch.inject(self.plugged[port_id], data))

    def flows(self, table: Table) -> list[Flow]:
        """Return what the switch holds in one table."""
        return [each.flow for each in done(self.switch.flows()) if each.flow.table == table]

    def verdicts(self) -> list[Flow]:
        """Return the verdict flows that the switch holds."""
        return [f for f in self.flows(Table.VERDICTS) if f.priority == Priority.NAMED]

    def allows(self) -> int:
        """Count the verdicts that allow."""
        return sum(flow.cookie == ALLOW_COOKIE for flow in self.verdicts())

    def denials(self) -> int:
        """Count the verdicts that deny."""
        return sum(flow.cookie == DENY_COOKIE for flow in self.verdicts())

    @property
    def asked(self) -> int:
        """How many packets the agent has been handed."""
        return self.reactive.fates.total()

    def fate(self, fate: Fate) -> int:
        """How many packets met this fate."""
        return self.reactive.fates[fate]
