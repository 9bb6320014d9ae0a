"""A port scan: how many verdicts it leaves, and how many packets reach the agent."""

from __future__ import annotations

from bench.report import Figure, Row, Table
from damselfly.model.address import FAMILIES, IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup

from .field import Field
from .frames import frame

_PORTS = range(1, 1 << 16)
_OPEN = (22, 80, 443)
_RATES = (2_000.0, 20_000.0)
_COLUMNS = (
    *("packets/s", "verdicts", "new, second scan"),
    *("packets to the agent", "duplicates among them", "held back by the meter"),
)
_NOTE = (
    "An outsider scans all 65,535 TCP ports, once in order at each rate, then again. Verdicts are"
    " those of the scanned port; the other columns count both scans, the scanner's own egress"
    " included. Meters and budgets as they come: what a meter holds back gets its verdict later."
)


def scan(rounds: int) -> Table:
    """Scan a port with three open ones, and one in the default group, at two rates."""
    del rounds  # Counts, not times: once is enough.
    rows = [
        row
        for rate in _RATES
        for row in (
            _row("three open ports", _three_open(), rate),
            _row("default group", _default_group(), rate),
        )
    ]
    return Table("scan", "A scan of all 65,535 TCP ports", _COLUMNS, tuple(rows), (_NOTE,))


def _row(label: str, group: SecurityGroup, rate: float) -> Row:
    with Field([(group.id,)]) as field:
        field.enforce([group])
        scanner = field.scanner_address
        frames = [frame(field.ends(), TCP, scanner, 40_000, port) for port in _PORTS]
        reached = field.send(frames, rate)
        field.settle()
        key = field.key_of(0)
        first = field.agent.verdicts(key)
        field.send([frame(field.ends(), TCP, scanner, 40_001, port) for port in _PORTS], rate)
        field.settle()
        status = field.fresh_status()
        new = field.agent.verdicts(key) - first
        asked = (status.packets_in, status.duplicates, status.metered_drops)
    return Row(label, tuple(map(Figure, map(float, (round(reached), first, new, *asked)))))


def _three_open() -> SecurityGroup:
    rules = (
        Rule(f"tcp-{port}", "three", Direction.INGRESS, IPV4, TCP, port, port) for port in _OPEN
    )
    return SecurityGroup("three", "three", tuple(sorted(rules, key=lambda rule: rule.id)))


def _default_group() -> SecurityGroup:
    """Return what Neutron gives every project: all from members, all to the outside."""
    rules = []
    for family in FAMILIES:
        name, way = family.name, Direction
        rules.append(Rule(f"in-{name}", "default", way.INGRESS, family, remote_group_id="default"))
        rules.append(Rule(f"out-{name}", "default", way.EGRESS, family))
    return SecurityGroup("default", "default", tuple(rules))
