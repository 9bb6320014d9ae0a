"""Live connections cross a change of policy: what becomes of every message of each of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bench.agent import Agent
from bench.ours.field import Field
from bench.report import Figure, Row, Table
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, UDP, Rule, SecurityGroup
from damselfly.northbound import keys
from damselfly.northbound.codec import write
from damselfly.northbound.store import Change

from .crowd import Crowd, Talk

GROUP = "served"
_NEAR = Prefix.parse("10.255.0.0/28")
KEPT, CUT = 1000, 100
"""Connections of each protocol."""
RATE = 4000
"""Messages a second, each of which is answered."""
_BEFORE, _AFTER, _LATE = 1.0, 2.0, 1.0
"""Seconds of talk before the change and after it, and of waiting for the last answers."""
_GRACE = 0.1
"""Seconds after the confirmation in which the datapath may act on what it remembers from before."""
_COLUMNS = (
    "connections kept",
    "messages",
    "lost",
    "segments resent",
    "connections cut",
    "messages in the first 0.1 s after",
    "delivered",
    "messages later",
    "delivered",
)
_NOTE = (
    f"Half of the connections are TCP, half UDP; together they send {RATE:,} messages a second,"
    " each answered by its receiver. Cut are those that a rule admitted which goes. Lost is what"
    " had no answer in the end. After: since the agent said that the switch had confirmed the"
    " change; what the datapath remembers from before it throws away a little later."
)


def _rule(name: str, protocol: int, port: int, remote: Prefix | None = None) -> Rule:
    return Rule(name, GROUP, Direction.INGRESS, IPV4, protocol, port, port, remote_ip_prefix=remote)


RULES = (
    _rule("dns", UDP, 53),
    _rule("http", TCP, 80),
    _rule("ssh", TCP, 22),
    _rule("tftp", UDP, 69),
)
WIDENED = [write(_rule("ntp", UDP, 123))]
"""A rule comes; no connection may so much as be judged again."""
REVOKED = [Change(keys.rule(GROUP, name), None) for name in ("ssh", "tftp")]
"""Two rules go; the others stay as they are."""
REPLACED = [
    *(Change(keys.rule(GROUP, rule.id), None) for rule in RULES),
    write(_rule("dns-near", UDP, 53, _NEAR)),
    write(_rule("http-near", TCP, 80, _NEAR)),
]
"""All rules go, and narrower ones come, which still admit most of what runs."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """What became of the connections that a change allows still, and of those it cuts."""

    kept: list[Talk]
    cut: list[Talk]
    resent: int
    """TCP segments of the former."""
    confirmed: Mapping[int, int]
    """How much each of the latter had sent when the switch had confirmed the change."""
    settled: Mapping[int, int]
    """How much a little later, when nothing of theirs may pass any more."""

    @property
    def lost(self) -> int:
        """How many messages of the former have no answer."""
        return sum(talk.lost for talk in self.kept)

    @property
    def soon(self) -> tuple[int, int]:
        """How many messages of the latter were sent just after the change; how many arrived."""
        sent = delivered = 0
        for talk in self.cut:
            first, last = self.confirmed[talk.number], self.settled[talk.number]
            sent += last - first
            delivered += min(max(talk.delivered, first), last) - first
        return sent, delivered

    @property
    def late(self) -> tuple[int, int]:
        """How many were sent later than that, and how many of those arrived."""
        sent = sum(talk.sent - self.settled[talk.number] for talk in self.cut)
        delivered = sum(max(0, talk.delivered - self.settled[talk.number]) for talk in self.cut)
        return sent, delivered


def cross(changes: list[Change], kept: int = KEPT, cut: int = CUT) -> Crossed:
    """Open so many connections of each protocol, change the policy, and count."""
    with Field([(GROUP,)]) as field, Crowd(field.sender, field.receivers[0]) as crowd:
        field.enforce([SecurityGroup(GROUP, GROUP, RULES)])
        stay = [*crowd.join("tcp", 80, kept), *crowd.join("udp", 53, kept)]
        go = [*crowd.join("tcp", 22, cut), *crowd.join("udp", 69, cut)]
        crowd.talk(RATE, _over(_BEFORE))
        said: list[dict[int, int]] = []
        change = threading.Thread(target=_change, args=(field.agent, changes, go, said))
        change.start()
        crowd.talk(RATE, lambda: not change.is_alive())
        change.join()
        crowd.talk(RATE, _over(_AFTER))
        crowd.settle(_LATE)
        return Crossed(stay, go, sum(talk.resent for talk in stay), *said)


def crossing(rounds: int) -> Table:
    """Measure both changes."""
    rows = (
        _row("two of four rules go", [cross(REVOKED) for _ in range(rounds)]),
        _row("narrower rules replace all four", [cross(REPLACED) for _ in range(rounds)]),
    )
    title = "Live connections across a change of policy"
    return Table("crossing", title, _COLUMNS, rows, (_NOTE,))


def _row(label: str, found: list[Crossed]) -> Row:
    samples: Iterable[tuple[float, ...]] = (
        (
            len(each.kept),
            sum(talk.sent for talk in each.kept),
            each.lost,
            each.resent,
            len(each.cut),
            *each.soon,
            *each.late,
        )
        for each in found
    )
    return Row(label, tuple(Figure.of(column) for column in zip(*samples, strict=True)))


def _change(
    agent: Agent, changes: list[Change], go: list[Talk], said: list[dict[int, int]]
) -> None:
    agent.enforced(agent.commit(changes))
    said.append({talk.number: talk.sent for talk in go})
    time.sleep(_GRACE)
    said.append({talk.number: talk.sent for talk in go})


def _over(seconds: float) -> Callable[[], bool]:
    """Return what tells whether so many seconds have passed from now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end
