"""Rules, packets and policies as one writes them by hand."""

from __future__ import annotations

from typing import Any

from damselfly.model.address import IPV4, IPV6, Family, parse_address
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of
from damselfly.policy.decision import decide

HERE = {IPV4: "10.0.0.1", IPV6: "fd00::1"}
THERE = {IPV4: "192.0.2.7", IPV6: "2001:db8::7"}
GRE = 47


def rule(
    family: Family = IPV4, protocol: int | None = None, *ports: int | None, **more: Any
) -> Rule:
    low, high = (*ports, None, None)[:2]
    direction = more.pop("direction", Direction.INGRESS)
    name = more.pop("id", "r")
    return Rule(name, "g", direction, family, protocol, low, high, **more)


def packet(
    family: Family = IPV4, protocol: int = TCP, dst: int = 0, src: int = 0, remote: str = ""
) -> Packet:
    far = parse_address(remote or THERE[family])[1]
    return Packet(family, protocol, far, parse_address(HERE[family])[1], src, dst)


def policy(*rules: Rule, others: tuple[Thing, ...] = (), **port: Any) -> tuple[Snapshot, Port]:
    port = {"security_groups": ("g",), **port}
    me = Port("me", "net", 1, **port)
    return snapshot_of([SecurityGroup("g", "g", rules), me, *others]), me


def allowed(
    asked: Packet, *rules: Rule, direction: Direction = Direction.INGRESS, **more: Any
) -> bool:
    snapshot, me = policy(*rules, **more)
    return decide(snapshot, me, direction, asked).allowed
