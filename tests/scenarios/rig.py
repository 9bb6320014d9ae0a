"""One host in memory: the agent's enforcement and reactive path on the fake switch."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from itertools import count
from typing import Any

from damselfly.agent.enforcement import Enforcement
from damselfly.agent.reactive import Fate, Reactive
from damselfly.agent.verdicts import Budgets
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.match import match
from damselfly.model.network import Attachment
from damselfly.model.port import Port
from damselfly.model.snapshot import EMPTY, Snapshot, Thing
from damselfly.pipeline.layout import Priority, Table, fragment_meter
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
    """One host: a switch in memory, the ports plugged into it, an agent, and the policy.

    Ports are plugged in as soon as the policy knows them, except those of another host.  Keys and
    interface numbers differ, so that neither is taken for the other.
    """

    def __init__(
        self, *things: Thing, deny_budget: int = 1024, budget: int = 4096, warm: int = 0
    ) -> None:
        """``warm`` is how many verdicts a port, direction and family gets in advance."""
        self.switch = FakeSwitch()
        self.keys: dict[str, int] = {}
        self.plugged: dict[str, int] = {}
        """Interface number of each plugged-in port."""
        self.snapshot: Snapshot = EMPTY
        self.unanswered: list[PacketIn] = []
        """Paused packets that came while no agent ran."""
        self._labels = count(0x1000)
        self._ofports = count(21)
        self._budgets = Budgets(deny_budget, budget)
        self._warm = warm
        self.restart()
        self.apply(*things)

    def stop(self) -> None:
        """Let the agent be gone; flows stay."""
        self.switch.on_packet_in = self.unanswered.append

    def restart(self) -> None:
        """Start a new agent, which knows nothing but what switch and store say."""
        self.enforcement = Enforcement(lambda: next(self._labels))
        self.reactive = Reactive(self.enforcement, self._budgets)
        self.listen()
        self._taken_over = False

    def listen(self) -> None:
        """Let the agent answer from now on; what it missed meanwhile stays unanswered."""
        self.switch.on_packet_in = self._answer

    def _answer(self, packet: PacketIn) -> None:
        self.reactive.answer(self.switch, packet)

    def plug(self, *port_ids: str) -> None:
        """Plug ports in, under new interface numbers."""
        for port_id in port_ids:
            if port_id not in self.keys:
                free = (key for key in count(1) if key not in self.keys.values())
                self.keys[port_id] = next(free)
            self.plugged[port_id] = next(self._ofports)
            self.switch.ofports.add(self.plugged[port_id])

    def unplug(self, port_id: str) -> None:
        """Unplug a port and enforce."""
        del self.plugged[port_id]
        self.enforce()

    def write(self, *things: Thing, drop: Iterable[tuple[type[Thing], str]] = ()) -> None:
        """Write objects to the policy, and plug in the new ports of this host."""
        self.snapshot = self.snapshot.evolve(self.snapshot.revision + 1, things, drop)
        for thing in things:
            if isinstance(thing, Port) and thing.host is None and thing.id not in self.plugged:
                self.plug(thing.id)

    def close(self, **reasons: str) -> int:
        """Name the ports whose objects cannot be read, and enforce."""
        self.snapshot = self.snapshot.evolve(self.snapshot.revision + 1, closed=reasons)
        return self.enforce()

    def apply(self, *things: Thing, drop: Iterable[tuple[type[Thing], str]] = ()) -> int:
        """Write objects to the policy and enforce; return the flow-mods it took."""
        self.write(*things, drop=drop)
        return self.enforce()

    def enforce(self) -> int:
        """Bring the switch up to date; return the number of flow-mods sent."""
        keys = [self.keys[name] for name in self.plugged]
        bands = [MeterBand(n, 500, 250) for key in keys for n in (key, fragment_meter(key))]
        done(self.switch.set_meters(bands))
        here = [Attachment(name, self.keys[name], port) for name, port in self.plugged.items()]
        admitting = self.enforcement.state.admitting
        before = admitting if self._taken_over else set(self.keys.values())
        if self._taken_over:
            delta = self.enforcement.advance(self.snapshot, here)
        else:
            actual = [each.flow for each in done(self.switch.flows())]
            delta = self.enforcement.adopt(actual, self.snapshot, here)
            self._taken_over = True
        if self._warm:
            delta = Delta((*delta.add, *self.enforcement.warm(self._warm)), delta.delete)
        done(self.switch.apply(delta))
        for key in before - self.enforcement.state.admitting:
            done(self.switch.flush_zone(key))
        return len(delta)

    def release_keys(self) -> None:
        """Give free the keys of unplugged ports that the store has forgotten, quarantine over."""
        alive = self.snapshot.ports.keys() | self.snapshot.closed.keys() | self.plugged.keys()
        self.keys = {name: key for name, key in self.keys.items() if name in alive}

    def send(self, port_id: str, frame: Frame | bytes) -> list[str]:
        """Send a frame from a port; return the ports that received it."""
        data = frame.bytes() if isinstance(frame, Frame) else frame
        names = {ofport: name for name, ofport in self.plugged.items()}
        return sorted(names[port] for port, _ in self.switch.inject(self.plugged[port_id], data))

    def flows(self, table: Table) -> list[Flow]:
        """Return what the switch holds in one table."""
        return [each.flow for each in done(self.switch.flows()) if each.flow.table == table]

    def verdicts(self) -> list[Flow]:
        """Return the verdict flows that the switch holds."""
        return [f for f in self.flows(Table.VERDICTS) if f.priority >= Priority.NAMED]

    def verdicts_of(self, port_id: str) -> list[Flow]:
        """Return the verdict flows on one port."""
        key = match(reg0=self.keys[port_id]).terms[0]
        return [flow for flow in self.verdicts() if key in flow.match.terms]

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
