"""The small host that the pipeline's document shows: a web server and a database behind it."""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.flow import Flow
from damselfly.model.address import IPV4, IPV6, Prefix, parse_address
from damselfly.model.direction import Direction
from damselfly.model.group import ICMPV6, TCP, Rule, SecurityGroup
from damselfly.model.network import Attachment, Network
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import snapshot_of
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow
from damselfly.pipeline.sides import Basis
from damselfly.pipeline.view import HostView, host_view
from damselfly.policy.policies import Policies

DESCRIPTION = """\
| port | key, OpenFlow port | addresses | rules |
| --- | --- | --- | --- |
| `web-1` | 1 | 10.0.0.1, fd00::1 | in: TCP 80-81 from anywhere; out: everything |
| `db-1` | 2 | 10.0.0.2 | in: TCP 5432 from the group of `web-1`; ICMPv6 echo replies, unasked |
"""

_RULES = {
    "web": (
        Rule("http", "web", Direction.INGRESS, IPV4, TCP, 80, 81),
        Rule("out", "web", Direction.EGRESS, IPV4),
    ),
    "db": (
        Rule("reply", "db", Direction.INGRESS, IPV6, ICMPV6, 129),
        Rule("sql", "db", Direction.INGRESS, IPV4, TCP, 5432, 5432, remote_group_id="web"),
    ),
}
_ADDRESSES = {"web": ("10.0.0.1", "fd00::1"), "db": ("10.0.0.2",)}
_TRAFFIC = (
    ("web-1", Direction.INGRESS, "203.0.113.9", "10.0.0.1", 80),
    ("web-1", Direction.INGRESS, "203.0.113.9", "10.0.0.1", 22),
    ("web-1", Direction.EGRESS, "10.0.0.1", "10.0.0.2", 5432),
    ("db-1", Direction.INGRESS, "10.0.0.1", "10.0.0.2", 5432),
    ("db-1", Direction.INGRESS, "203.0.113.9", "10.0.0.2", 5432),
)
"""The port that judges, in which direction, and the first packet of a TCP connection."""


def example_view() -> HostView:
    """Build the host's view, with labels that are easy to recognise."""
    ports = [
        Port(
            f"{name}-1",
            "net",
            mac=0x02_00_00_00_00_00 + key,
            fixed_ips=tuple(map(Prefix.parse, _ADDRESSES[name])),
            security_groups=(name,),
        )
        for key, name in enumerate(_RULES, start=1)
    ]
    groups = [SecurityGroup(name, name, rules) for name, rules in _RULES.items()]
    plugged = [Attachment(port.id, key, key) for key, port in enumerate(ports, start=1)]
    labels = {
        (key, way): 0xABC0 + 16 * key + way.code for _, key, _ in plugged for way in Direction
    }
    return host_view(snapshot_of([Network("net"), *ports, *groups]), plugged, labels)


def example_verdicts(view: HostView) -> Iterator[tuple[str, Flow]]:
    """Yield what some traffic asks, in words, and the verdict that it leaves."""
    policies = Policies(view.snapshot)
    for port_id, direction, source, destination, tcp_port in _TRAFFIC:
        local = view.local[port_id]
        addresses = parse_address(source)[1], parse_address(destination)[1]
        packet = Packet(IPV4, TCP, *addresses, 40_000, tcp_port)
        book = policies.book(local.port.security_groups, direction, IPV4)
        region, rule = book.judge(packet)
        mark = rule_mark(rule) if rule else 0
        asked = f"{direction.value} of {port_id}: {source} to TCP port {tcp_port} of {destination}"
        yield asked, VerdictFlow(local.key, direction, Basis.CONNECTION, region, mark).flow()
