"""One host for the agent: a switch, a store and an OVSDB in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from damselfly.agent.feed import Inbox, follow_policy
from damselfly.agent.patrol.rounds import Patrol
from damselfly.agent.reconcile import Reconciler
from damselfly.config import Config
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, key_of, write
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.store import Change
from damselfly.pipeline.needs import Feature
from damselfly.southbound.bridge import KEY, BridgeState, Interface
from damselfly.southbound.fake import FakeSwitch
from tests.scenarios.frames import Frame

CONFIG = Config(host="here", retry=0.01, quarantine=0.05)
NETWORK = Network("net", "net", 7)


class MemoryOvsdb:
    """The part of the OVSDB adapter that the reconciler uses."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    @property
    def state(self) -> BridgeState:
        assert self._inbox.bridge is not None
        return self._inbox.bridge

    async def write_keys(self, keys: Mapping[str, int | None]) -> None:
        ids = dict(self.state.external_ids)
        for port_id, key in keys.items():
            ids.pop(f"{KEY}{port_id}", None)
            if key is not None:
                ids[f"{KEY}{port_id}"] = str(key)
        self._inbox.bridge = replace(self.state, external_ids=ids)
        self._inbox.ring()

    async def secure(self) -> None:
        self._inbox.bridge = replace(self.state, is_secure=True)
        self._inbox.ring()

    def plug(self, port_id: str, ofport: int) -> None:
        interfaces = {**self.state.interfaces, port_id: Interface(f"tap-{port_id}", ofport)}
        self._inbox.bridge = replace(self.state, interfaces=interfaces)
        self._inbox.ring()

    def unplug(self, port_id: str) -> None:
        interfaces = {k: v for k, v in self.state.interfaces.items() if k != port_id}
        self._inbox.bridge = replace(self.state, interfaces=interfaces)
        self._inbox.ring()


class Site:
    """The agent of a host, its surroundings, and what tests do to them."""

    def __init__(self) -> None:
        self.switch = FakeSwitch()
        self.lacks: frozenset[Feature] = frozenset()
        """What the datapath cannot do."""
        self.store = MemoryStore()
        self.enforced: list[int] = []
        self.progress = asyncio.Condition()
        self.inbox = Inbox()
        self.inbox.bridge = BridgeState("br-int", "netdev", "3.1.0", {})
        self.begin()

    def begin(self) -> None:
        """Be an agent that knows nothing yet; the OVSDB keeps what it has."""
        bridge = self.inbox.bridge
        self.inbox = Inbox()
        self.inbox.bridge = bridge
        self.ovsdb = MemoryOvsdb(self.inbox)
        ovsdb: Any = self.ovsdb
        self.reconciler = Reconciler(CONFIG, ovsdb, self.inbox, self._features)
        self.patrol = Patrol(CONFIG, self.reconciler)

    async def _features(self) -> Mapping[str, bool]:
        return {feature.value: feature not in self.lacks for feature in Feature}

    async def put(self, *things: Stored) -> int:
        """Write objects to the store; return the revision."""
        return await self.store.commit([write(thing) for thing in things])

    async def delete(self, thing: Stored) -> int:
        """Delete an object from the store; return the revision."""
        return await self.store.commit([Change(key_of(thing), None)])

    async def until(self, revision: int) -> None:
        """Wait until the switch has confirmed a revision."""
        async with asyncio.timeout(5), self.progress:
            await self.progress.wait_for(
                lambda: bool(self.enforced) and self.enforced[-1] >= revision
            )

    async def settle(self) -> None:
        """Let the agent do all that it has to do."""
        for _ in range(50):
            await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the agent meanwhile; it ends as a killed one does."""

        async def enforced(revision: int) -> None:
            async with self.progress:
                self.enforced.append(revision)
                self.progress.notify_all()

        tasks = [
            asyncio.create_task(follow_policy(self.store, self.inbox, CONFIG.retry)),
            asyncio.create_task(self.reconciler.serve(self.switch, enforced)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


WEB = SecurityGroup("web", "web")
HTTP = Rule("http", "web", Direction.INGRESS, IPV4, TCP, 80, 80)
OUT = Rule("out", "web", Direction.EGRESS, IPV4)


def port(number: int) -> Port:
    return Port(
        f"p{number}",
        "net",
        0x020000000000 + number,
        f"p{number}",
        (Prefix.parse(f"10.0.0.{number}"),),
        (),
        ("web",),
    )


def syn(source: int, destination: int, to: int = 80) -> bytes:
    addresses = (0x0A000000 + source, 0x0A000000 + destination)
    packet = Packet(IPV4, TCP, *addresses, 40000, to)
    return Frame(port(source).mac, port(destination).mac, packet).bytes()


async def reached(site: Site, frame: bytes, ofport: int = 1) -> list[int]:
    """Send a frame and let the agent answer; return the ports that received it."""
    sent = site.switch.inject(ofport, frame)
    await site.settle()
    return sorted(number for number, _ in [*sent, *site.switch.take_sent()])


async def two_ports(site: Site) -> int:
    site.ovsdb.plug("p1", 1)
    site.ovsdb.plug("p2", 2)
    return await site.put(NETWORK, WEB, HTTP, OUT, port(1), port(2))
