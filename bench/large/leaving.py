"""A member leaves a group of ten thousand while others talk: whom does it cut off, and how soon."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from bench.agent import Agent
from bench.ours.policies import LARGE, MEMBERS, NETWORK, WORN, rules
from bench.report import Figure, Row, Table
from bench.storm.crowd import Crowd, Talk
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, UDP, Rule
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, key_of
from lab.hypervisor import Hypervisor
from lab.vm import VM

from .policies import OUT, everything, local, worn
from .site import plug

PORTS = 49
"""Local ports that wear the group beside the server."""
_SERVER, _STAYS, _GOES = "server", "stays", "goes"
_ADDRESSES = {_SERVER: "10.255.0.1", _STAYS: "10.255.0.2", _GOES: "10.255.0.3"}
_HTTP, _DNS = 65_510, 65_520
"""Ports that no other rule admits."""
KEPT, CUT = 200, 20
"""Connections of each protocol, of the member that stays and of the one that goes."""
RATE = 2_000
"""Messages a second of all that stay; those that go send a tenth of it."""
_BEFORE, _AFTER, _LATE = 1.0, 1.5, 1.0
"""Seconds of talk before the change and after it, and of waiting for the last answers."""
_GRACE = 0.1
"""Seconds after the confirmation in which the datapath may act on what it remembers."""
_COLUMNS = (
    *("connections kept", "messages", "lost", "segments resent", "connections cut"),
    *("messages later", "delivered", "bundle, flow-mods", "enforced, ms"),
)
_NOTE = (
    f"{PORTS + 1} local ports wear a group of {LARGE.rules:,} rules, one in ten of which names a"
    f" group of {LARGE.members:,} members; one of these leaves. Its connections to one of the ports"
    f" are cut, those of another member are kept: {KEPT} TCP and {KEPT} UDP connections with"
    f" {RATE:,} messages a second, each answered by its receiver. Lost is what had no answer in the"
    f" end. Later: sent {_GRACE} s or more after the switch had confirmed the change."
)


class Left(NamedTuple):
    """What became of everybody's messages."""

    kept: list[Talk]
    resent: int
    """TCP segments of those."""
    cut: list[Talk]
    settled: dict[int, int]
    """How much each of the latter had sent a little after the change."""
    flow_mods: int
    delay: float
    """Milliseconds from before the commit until the switch had confirmed."""


def leaving(rounds: int) -> Table:
    """Let a member leave, with others talking, so many times."""
    found = [_figures(leave()) for _ in range(rounds)]
    row = Row("a member leaves", tuple(Figure.of(column) for column in zip(*found, strict=True)))
    title = "Live connections while a member leaves a group of 10,000"
    return Table("leaving", title, _COLUMNS, (row,), (_NOTE,))


def leave() -> Left:
    """Open connections from two members, and let one of them leave the group."""
    with ExitStack() as stack:
        hypervisor = stack.enter_context(Hypervisor("leaving"))
        server, stays, goes = (stack.enter_context(_machine(hypervisor, n)) for n in _ADDRESSES)
        plug(hypervisor, [local(number).id for number in range(PORTS)])
        agent = stack.enter_context(Agent(hypervisor))
        agent.enforced(agent.write(_policy()))
        quiet, loud = (stack.enter_context(Crowd(vm, server)) for vm in (goes, stays))
        kept = [*loud.join("tcp", _HTTP, KEPT), *loud.join("udp", _DNS, KEPT)]
        cut = [*quiet.join("tcp", _HTTP + 1, CUT), *quiet.join("udp", _DNS + 1, CUT)]
        said: list[tuple[int, float]] = []
        settled: dict[int, int] = {}
        over = threading.Event()
        talking = [
            threading.Thread(target=crowd.talk, args=(rate, over.is_set))
            for crowd, rate in ((loud, RATE), (quiet, RATE / 10))
        ]
        for thread in talking:
            thread.start()
        time.sleep(_BEFORE)
        said.append(_take_out(agent))
        time.sleep(_GRACE)
        settled.update((talk.number, talk.sent) for talk in cut)
        time.sleep(_AFTER)
        over.set()
        for thread in talking:
            thread.join()
        _together([lambda: loud.settle(_LATE), lambda: quiet.settle(_LATE)])
        resent = sum(talk.resent for talk in kept)
        return Left(kept, resent, cut, settled, *said[0])


def _take_out(agent: Agent) -> tuple[int, float]:
    """Let the member leave; return the size of the bundle, and after how many ms it was done."""
    before, start = agent.status(), time.time()
    after = agent.enforced(agent.write([_port(_GOES, OUT)]))
    assert before is not None
    return after.flow_mods - before.flow_mods, (after.revision_at - start) * 1e3


def _together(calls: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _figures(left: Left) -> tuple[float, ...]:
    return (
        len(left.kept),
        sum(talk.sent for talk in left.kept),
        sum(talk.lost for talk in left.kept),
        left.resent,
        len(left.cut),
        sum(talk.sent - left.settled[talk.number] for talk in left.cut),
        sum(max(0, talk.delivered - left.settled[talk.number]) for talk in left.cut),
        left.flow_mods,
        left.delay,
    )


def _policy() -> list[Stored]:
    stated = [*rules(LARGE), *(_from_members(TCP, port) for port in (_HTTP, _HTTP + 1))]
    stated += [_from_members(UDP, port) for port in (_DNS, _DNS + 1)]
    ordered = tuple(sorted(stated, key=lambda rule: rule.id))
    things = [thing for thing in everything(LARGE, PORTS) if key_of(thing) != f"/group/{WORN}"]
    machines = [_port(_SERVER, WORN), _port(_STAYS, MEMBERS, OUT), _port(_GOES, MEMBERS, OUT)]
    return [*things, worn(WORN, ordered), *machines]


def _from_members(protocol: int, port: int) -> Rule:
    name = f"{protocol}-{port}"
    return Rule(name, WORN, Direction.INGRESS, IPV4, protocol, port, port, remote_group_id=MEMBERS)


def _port(name: str, *groups: str) -> Port:
    address = Prefix.parse(_ADDRESSES[name])
    return Port(name, NETWORK, _mac(name), name, (address,), (), tuple(sorted(groups)))


def _mac(name: str) -> int:
    return (2 << 40) + (3 << 24) + list(_ADDRESSES).index(name)


def _machine(hypervisor: Hypervisor, name: str) -> VM:
    return VM(hypervisor, name, _mac(name).to_bytes(6).hex(":"), [f"{_ADDRESSES[name]}/24"])
