"""The agent holds what the ports of its host need, and lets it go when they go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from damselfly.agent.feed import Inbox
from damselfly.agent.following.selected import follow_selected, is_selective
from damselfly.config import Config
from damselfly.errors import Compacted, StoreError
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.store import Change, Contents
from damselfly.southbound.bridge import KEY, BridgeState, Interface

ONE, TWO = Network("n1", "n1", 1), Network("n2", "n2", 2)
WEB = SecurityGroup("web", "web")
FROM_DB = Rule("from-db", "web", Direction.INGRESS, IPV4, remote_group_id="db")
FROM_OFFICE = Rule("office", "web", Direction.INGRESS, IPV4, remote_address_group_id="office")
DB, OFFICE = SecurityGroup("db", "db"), AddressGroup("office", "office")


def port(name: str, network: str, number: int, *groups: str) -> Port:
    fixed = (Prefix.parse(f"10.0.0.{number}"),)
    return Port(name, network, 0x0200_0000_0000 + number, name, fixed, (), groups)


CLOUD: tuple[Stored, ...] = (
    *(ONE, TWO, WEB, FROM_DB, FROM_OFFICE, DB, OFFICE),
    *(port("web", "n1", 1, "web"), port("near", "n1", 2), port("db", "n2", 3, "db")),
    *(port("far", "n2", 4), port("lonely", "n2", 5)),
)


class Busy(MemoryStore):
    """A store that can be told to fail, and that counts what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: StoreError | None = None
        self.reads = 0

    async def read(self, prefixes: Sequence[str] = ("/",), at: int | None = None) -> Contents:
        self.reads += len(prefixes)
        if self.failure is not None:
            raise self.failure
        return await super().read(prefixes, at)

    async def put(self, *things: Stored) -> int:
        changes = [write(thing) for thing in things]
        for thing in things:
            if not isinstance(thing, Rule):
                changes += written_together(thing)
        return await self.commit(changes)


class Host:
    """The part of an agent that follows the store, and its ports."""

    def __init__(self, store: Busy) -> None:
        self.store = store
        self.inbox = Inbox()
        self.plug()

    def plug(self, *names: str, kept: tuple[str, ...] = ()) -> None:
        interfaces = {name: Interface(name, number) for number, name in enumerate(names, 1)}
        ids = {KEY + name: str(number) for number, name in enumerate(kept, 1)}
        self.inbox.bridge = BridgeState("br-int", "netdev", "3.1.0", interfaces, external_ids=ids)
        self.inbox.ring()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await self.inbox.wait(0.05)

    @property
    def ports(self) -> set[str]:
        return set() if self.inbox.snapshot is None else set(self.inbox.snapshot.ports)


@asynccontextmanager
async def following() -> AsyncIterator[Host]:
    store = Busy()
    await store.put(*CLOUD)
    host = Host(store)
    task = asyncio.create_task(follow_selected(store, host.inbox, 0.01))
    try:
        yield host
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_host_without_ports_holds_nothing() -> None:
    async with following() as host:
        await host.until(lambda: host.inbox.snapshot is not None)
        assert (host.ports, host.inbox.held) == (set(), 0)


async def test_what_a_port_needs_comes_with_it_and_goes_with_it() -> None:
    async with following() as host:
        host.plug("web")
        await host.until(lambda: bool(host.ports))
        view = host.inbox.snapshot
        assert view is not None
        assert host.ports == {"web", "near", "db"}, "its network's, and its remote group's"
        assert set(view.groups["web"].rules) == {FROM_DB, FROM_OFFICE}
        assert set(view.address_groups) == {"office"}
        assert view.groups["db"].rules == ()
        assert not host.inbox.problems
        assert not view.closed
        host.plug()
        await host.until(lambda: not host.ports)
        assert host.inbox.held == 0


async def test_rules_and_members_that_come_later_are_asked_for() -> None:
    async with following() as host:
        host.plug("near")
        await host.until(lambda: bool(host.ports))
        assert host.ports == {"web", "near"}
        await host.store.put(port("near", "n1", 2, "web"))
        await host.until(lambda: "db" in host.ports)
        revision = await host.store.put(port("lonely", "n2", 5, "db"))
        await host.until(lambda: "lonely" in host.ports)
        view = host.inbox.snapshot
        assert view is not None
        assert view.revision == revision
        assert view.members("db", IPV4).starts == (0x0A00_0003, 0x0A00_0005)


async def test_a_commit_that_concerns_nobody_here_is_confirmed_all_the_same() -> None:
    async with following() as host:
        host.plug("near")
        await host.until(lambda: bool(host.ports))
        before = host.store.reads
        for number in range(3):
            revision = await host.store.put(port("far", "n2", 40 + number))
        await host.until(lambda: host.inbox.snapshot is not None
                         and host.inbox.snapshot.revision == revision)  # fmt: skip
        assert host.store.reads == before


async def test_a_port_that_may_come_back_is_remembered_and_no_more() -> None:
    async with following() as host:
        host.plug(kept=("web",))
        await host.until(lambda: bool(host.ports))
        view = host.inbox.snapshot
        assert view is not None
        assert (host.ports, view.groups["web"].rules) == ({"web"}, ())
        assert not host.inbox.problems


@pytest.mark.parametrize("failure", [StoreError("gone"), Compacted("forgotten")])
async def test_while_the_store_is_away_what_is_held_stays(failure: StoreError) -> None:
    async with following() as host:
        host.plug("near")
        await host.until(lambda: bool(host.ports))
        host.store.failure = failure
        host.plug("near", "db")
        if not isinstance(failure, Compacted):
            await host.until(lambda: host.inbox.store_problem is not None)
        await asyncio.sleep(0.05)
        assert host.ports == {"web", "near"}
        host.store.failure = None
        await host.until(lambda: host.ports == {"web", "near", "db", "far", "lonely"})
        assert host.inbox.store_problem is None


async def test_a_deleted_port_is_gone_though_it_is_plugged_in() -> None:
    async with following() as host:
        host.plug("lonely")
        await host.until(lambda: bool(host.ports))
        gone = [write(port("lonely", "n2", 5)), *written_together(port("lonely", "n2", 5))]
        await host.store.commit([Change(change.key, None) for change in gone])
        await host.until(lambda: not host.ports)
        await host.store.put(port("lonely", "n2", 5))
        await host.until(lambda: "lonely" in host.ports)


def test_a_part_is_held_where_many_hosts_share_the_store_unless_told_otherwise() -> None:
    for store, distribution, selective in (
        ("etcd://h1", "auto", True),
        ("etcd://h1", "whole", False),
        ("sqlite:///x", "auto", False),
        ("sqlite:///x", "selective", True),
    ):
        config = Config(store=store, distribution=distribution)  # type: ignore[arg-type]
        assert is_selective(config) is selective
