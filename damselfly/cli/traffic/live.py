"""The live connections of this machine: what the tracker holds, with what it means.

A connection between two ports of one host is there twice: each end has its own rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from damselfly.cli.hosts import connected
from damselfly.model.direction import Direction
from damselfly.model.group import SCTP, Rule
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.status import AgentStatus
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.built_in import owns
from damselfly.pipeline.security.labels import labels_in
from damselfly.southbound.conntrack import Tracked, tracked
from damselfly.southbound.ovsdb import Ovsdb

from .judge import Judge

FINISHED = frozenset({"TIME_WAIT", "CLOSED"})
"""States of TCP in which nothing flows any more."""
Labels = Mapping[tuple[int, Direction], int]


class Standing(Enum):
    """What becomes of a connection as the policy is."""

    CURRENT = "current"
    """It carries the label of the policy in force: it passes."""
    AGAIN = "judged again"
    """The policy changed; its next packet is judged, and allowed."""
    CUT = "cut"
    """The policy changed; its next packet is judged, and denied."""
    PER_PACKET = "packet by packet"
    """One entry for all that its hosts say to each other: each packet is judged by its ports."""


@dataclass(frozen=True, slots=True)
class Live:
    """One end of a connection, at a port of this machine."""

    host: str
    port: Port
    direction: Direction
    """Of the rules that govern it at this end."""
    entry: Tracked
    rule: Rule | None
    """The rule that admitted it; None where that rule is gone."""
    standing: Standing


async def live(agent: AgentStatus, view: Snapshot, port_id: str | None = None) -> list[Live]:
    """Read the connections of an agent's switch beside it, of all its ports or of one.

    Raises SwitchGone where switch, database or ovs-vswitchd's control socket do not answer.
    """
    ovsdb = await Ovsdb.connect(agent.ovsdb, agent.bridge)
    bridge = ovsdb.state
    await ovsdb.close()
    ports = {key: view.ports[name] for name, key in bridge.keys.items() if name in view.ports}
    zone = None if port_id is None else bridge.keys.get(port_id, 0)
    async with connected(agent) as switch:
        flows = await switch.flows()
    labels = {
        (key, direction): label
        for key, direction, label, _ in labels_in(iter([each.flow for each in flows]))
    }
    entries = await tracked(Path(agent.management).parent, bridge.datapath_type, zone)
    return list(understood(agent.host, entries, ports, labels, view))


def understood(
    host: str,
    entries: Iterable[Tracked],
    ports: Mapping[int, Port],
    labels: Labels,
    view: Snapshot,
) -> Iterator[Live]:
    """Say of each entry whose connection it is; zones of no port of the policy are passed over.

    ``ports`` are by key, ``labels`` those in force.
    """
    judge = Judge(view)
    marks = {rule_mark(rule): rule for group in view.groups.values() for rule in group.rules}
    for entry in entries:
        port = ports.get(entry.zone)
        if port is None:
            continue
        rule = marks.get(entry.mark)
        direction = _direction(entry, port, labels, rule)
        current = entry.label != 0 and entry.label == labels.get((entry.zone, direction))
        standing = Standing.CURRENT if current else _judged(entry, port, direction, judge)
        if entry.packet.protocol == SCTP:
            standing = Standing.PER_PACKET
        yield Live(host, port, direction, entry, rule, standing)


def _judged(entry: Tracked, port: Port, direction: Direction, judge: Judge) -> Standing:
    return Standing.AGAIN if judge.admits(port, direction, entry.packet) else Standing.CUT


def _direction(entry: Tracked, port: Port, labels: Labels, rule: Rule | None) -> Direction:
    """Find out which of the port's rules govern the connection: those of its label, if in force."""
    for direction in Direction:
        if entry.label and entry.label == labels.get((entry.zone, direction)):
            return direction
    if rule is not None:
        return rule.direction
    opened = owns(port, entry.packet.family, entry.packet.source)
    return Direction.EGRESS if opened else Direction.INGRESS
