"""What is doubtful about rules although it is allowed: idle, shadowed, or open to everybody.

Nothing here changes what a rule means.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import product
from typing import NamedTuple

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family
from damselfly.model.direction import Direction
from damselfly.model.group import PROTOCOL_NAMES, TCP, UDP, Rule, SecurityGroup
from damselfly.model.intervals import IntervalSet
from damselfly.model.snapshot import Snapshot

from .meaning import Box, box, why_nothing
from .rulebook import RuleBook, rule_book

MANAGEMENT_PORTS = {
    (TCP, 22): "SSH", (TCP, 23): "Telnet", (TCP, 111): "rpcbind", (TCP, 135): "RPC",
    (TCP, 139): "NetBIOS", (TCP, 445): "SMB", (TCP, 512): "rexec", (TCP, 513): "rlogin",
    (TCP, 514): "rsh", (TCP, 873): "rsync", (TCP, 1433): "SQL Server", (TCP, 1521): "Oracle",
    (TCP, 2049): "NFS", (TCP, 2375): "Docker", (TCP, 2376): "Docker", (TCP, 2379): "etcd",
    (TCP, 2380): "etcd peers", (TCP, 3306): "MySQL", (TCP, 3389): "RDP", (TCP, 5432): "PostgreSQL",
    (TCP, 5672): "AMQP", (TCP, 5900): "VNC", (TCP, 5984): "CouchDB", (TCP, 5985): "WinRM",
    (TCP, 5986): "WinRM", (TCP, 6379): "Redis", (TCP, 6443): "Kubernetes", (TCP, 6640): "OVSDB",
    (TCP, 6653): "OpenFlow", (TCP, 9200): "Elasticsearch", (TCP, 9300): "Elasticsearch",
    (TCP, 10250): "kubelet", (TCP, 11211): "memcached", (TCP, 15672): "RabbitMQ",
    (TCP, 16509): "libvirt", (TCP, 27017): "MongoDB",
    (UDP, 69): "TFTP", (UDP, 111): "rpcbind", (UDP, 161): "SNMP", (UDP, 623): "IPMI",
    (UDP, 3389): "RDP", (UDP, 11211): "memcached",
}  # fmt: skip
"""Services that give control of a machine or of data; ports as IANA registers or vendors set."""
_EVERYBODY = {IPV4: "0.0.0.0/0", IPV6: "::/0"}
_NAMED = 4
"""How many services a finding names before it counts the rest."""


class Doubt(Enum):
    """What a finding is about."""

    NOTHING = "nothing"
    """The rule matches nothing as things are."""
    SHADOWED = "shadowed"
    """Others admit everything that the rule admits."""
    OPEN = "open"
    """A management port is open to any address."""


class Finding(NamedTuple):
    """One thing to say of a rule."""

    doubt: Doubt
    rule: Rule
    because: str


def lint(view: Snapshot) -> Iterator[Finding]:
    """Yield what is doubtful, ordered by group and rule."""
    for group_id in sorted(view.groups):
        group = view.groups[group_id]
        found = [*_nothing(group, view), *_shadowed(group, view), *_open(group, view)]
        yield from sorted(found, key=lambda finding: (finding.rule.id, finding.doubt.value))


def idle_rules(view: Snapshot) -> Iterator[tuple[Rule, str]]:
    """Yield every rule that matches nothing now, with the reason."""
    for group in view.groups.values():
        for rule in group.rules:
            why = why_nothing(rule, view)
            if why is not None:
                yield rule, why


def _nothing(group: SecurityGroup, view: Snapshot) -> Iterator[Finding]:
    for rule in group.rules:
        why = why_nothing(rule, view)
        if why is not None:
            yield Finding(Doubt.NOTHING, rule, f"matches nothing: {why}")


def _shadowed(group: SecurityGroup, view: Snapshot) -> Iterator[Finding]:
    """Find rules that another one covers: of the group, or of one that each wearer has besides.

    Of two that say the same, the one that comes first in the order of group and id stays.
    """
    company = _company(group.id, view)
    mutual = {group.id, *(name for name in company if group.id in _company(name, view))}
    for direction, family in product(Direction, FAMILIES):
        book = rule_book(view, (group.id, *sorted(company)), direction, family)
        for place, rule in enumerate(book.rules):
            wider = next(_wider(place, book, mutual), None)
            if rule.security_group_id != group.id or wider is None:
                continue
            same = book.boxes[book.places[wider.id]] == book.boxes[place]
            because = f"{'says the same as' if same else 'adds nothing to'} rule {wider.id}"
            if wider.security_group_id != group.id:
                other = wider.security_group_id
                because += f" of group {other}, which all ports that wear {group.id} wear too"
            yield Finding(Doubt.SHADOWED, rule, because)


def _wider(place: int, book: RuleBook, mutual: set[str]) -> Iterator[Rule]:
    """Yield the rules of a book that cover one; ``mutual`` groups are worn by the same ports."""
    rule, one = book.rules[place], book.boxes[place]
    admitting = _at_first(one, book)
    while admitting:
        number = (admitting & -admitting).bit_length() - 1
        admitting &= admitting - 1
        other, wide = book.rules[number], book.boxes[number]
        if _covers(wide, one):
            first = _place(other) < _place(rule)
            if first or other.security_group_id not in mutual or not _covers(one, wide):
                yield other


def _at_first(one: Box, book: RuleBook) -> int:
    """Return the rules that admit the first packet of a box; what covers it is among them."""
    by_protocol = book.by_protocol.get(-1 if one.protocol is None else one.protocol, 0)
    return (
        (book.any_protocol | by_protocol)
        & book.tp_src.at(one.tp_src.starts[0])
        & book.tp_dst.at(one.tp_dst.starts[0])
        & book.remote.at(one.remote.starts[0])
    )


def _covers(wide: Box, narrow: Box) -> bool:
    return (
        wide.protocol in (None, narrow.protocol)
        and wide.tp_src.contains(narrow.tp_src)
        and wide.tp_dst.contains(narrow.tp_dst)
        and (wide.remote is narrow.remote or wide.remote.contains(narrow.remote))
    )


def _place(rule: Rule) -> tuple[str, str]:
    return rule.security_group_id, rule.id


def _company(group_id: str, view: Snapshot) -> frozenset[str]:
    """Return the other groups that every port wears that wears this one."""
    worn = [
        frozenset(view.ports[port_id].security_groups) for port_id in view.wearers.get(group_id, ())
    ]
    if not worn:
        return frozenset()
    return frozenset.intersection(*worn) & view.groups.keys() - {group_id}


class _Meant(NamedTuple):
    """A rule and what it admits."""

    rule: Rule
    box: Box


def _meant(group: SecurityGroup, view: Snapshot) -> list[_Meant]:
    boxes = ((rule, box(rule, view)) for rule in group.rules)
    return [_Meant(rule, meant) for rule, meant in boxes if meant is not None]


def _open(group: SecurityGroup, view: Snapshot) -> Iterator[Finding]:
    """Find rules, alone or together, that admit any address to a management port."""
    for family in FAMILIES:
        rules = [
            one
            for one in _meant(group, view)
            if one.rule.family is family and one.rule.direction is Direction.INGRESS
        ]
        opened: dict[tuple[str, ...], list[str]] = {}
        for (protocol, port), name in MANAGEMENT_PORTS.items():
            admitting = [
                one
                for one in rules
                if one.box.protocol in (None, protocol) and port in one.box.tp_dst
            ]
            service = f"{name} ({PROTOCOL_NAMES[protocol]} {port})"
            for ids in _to_everybody(admitting, family):
                opened.setdefault(ids, []).append(service)
        by_id = {one.rule.id: one.rule for one in rules}
        for ids, services in opened.items():
            yield Finding(Doubt.OPEN, by_id[ids[0]], _opening(ids, services, family))


def _to_everybody(admitting: list[_Meant], family: Family) -> Iterator[tuple[str, ...]]:
    """Yield the rules, by id, that admit every address: each alone, or else all together."""
    alone = [one.rule.id for one in admitting if one.box.remote.is_everything]
    yield from ((rule_id,) for rule_id in alone)
    parts = {id(one.box.remote): one.box.remote for one in admitting}.values()
    if not alone and _size(parts) >= 1 << family.bits:
        spans = [span for part in parts for span in part.spans()]
        if IntervalSet.of(family.bits, spans).is_everything:
            yield tuple(one.rule.id for one in admitting)


def _size(parts: Iterable[IntervalSet]) -> int:
    return sum(last - first + 1 for part in parts for first, last in part.spans())


def _opening(ids: tuple[str, ...], services: list[str], family: Family) -> str:
    more = f" and {len(services) - _NAMED} more" if len(services) > _NAMED else ""
    together = f"together with {', '.join(ids[1:])} " if len(ids) > 1 else ""
    return f"{together}opens {', '.join(services[:_NAMED])}{more} to {_EVERYBODY[family]}"
