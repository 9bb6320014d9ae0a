"""VMs, groups and frames as one writes them by hand: VM 1 has 10.0.0.1, fd00::1 and so on."""

from __future__ import annotations

from typing import Any

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing

from .frames import SYN, Frame
from .rig import Rig

BROADCAST = 0xFFFF_FFFF_FFFF


def mac(number: int) -> int:
    return 0x0200_0000_0000 + number


def ip(number: int, family: Family = IPV4) -> int:
    return number + (0x0A00_0000 if family is IPV4 else 0xFD00 << 112)


def vm(number: int, *groups: str, **more: Any) -> Port:
    """A VM's port ``vmN`` with one address of each family."""
    fixed = tuple(Prefix(family, ip(number, family), family.bits) for family in FAMILIES)
    settings = {"fixed_ips": fixed, "security_groups": tuple(sorted(groups)), **more}
    return Port(f"vm{number}", settings.pop("network_id", "net"), mac(number), **settings)


def ingress(group: str, protocol: int | None = None, *ports: int | None, **more: Any) -> Rule:
    """An ingress rule, named after what it says."""
    return _rule(Direction.INGRESS, group, protocol, ports, more)


def egress(group: str, protocol: int | None = None, *ports: int | None, **more: Any) -> Rule:
    """An egress rule, named after what it says."""
    return _rule(Direction.EGRESS, group, protocol, ports, more)


def _rule(
    direction: Direction,
    group: str,
    protocol: int | None,
    ports: tuple[int | None, ...],
    more: dict[str, Any],
) -> Rule:
    low, high = (*ports, *ports, None, None)[:2]
    family = more.pop("family", IPV4)
    said = [direction.value, family.name, protocol, low, high, *more.values()]
    name = more.pop("id", f"{group}: {' '.join(map(str, said))}")
    return Rule(name, group, direction, family, protocol, low, high, **more)


def group(name: str, *rules: Rule) -> SecurityGroup:
    """A group with these rules."""
    return SecurityGroup(name, name, tuple(sorted(rules, key=lambda rule: rule.id)))


def open_egress(name: str = "out") -> SecurityGroup:
    """A group that lets everything out, as Neutron's do at birth, and nothing in."""
    return group(name, *(egress(name, family=family) for family in FAMILIES))


def host(*things: Thing, **options: int) -> Rig:
    """A host with these things, and the group ``out`` that lets everything out."""
    return Rig(open_egress(), *things, **options)


def tcp(a: int, b: int, port: int, flags: int = SYN, *, client: int = 1000) -> Frame:
    return frame(a, b, TCP, client, port, flags=flags)


def udp(a: int, b: int, port: int, *, client: int = 1000) -> Frame:
    return frame(a, b, UDP, client, port)


def ping(a: int, b: int, family: Family = IPV4) -> Frame:
    return frame(a, b, family.icmp, 8 if family.icmp == ICMP else 128, 0, family=family)


def frame(
    a: int,
    b: int,
    protocol: int,
    src: int = 0,
    dst: int = 0,
    *,
    family: Family = IPV4,
    flags: int = SYN,
) -> Frame:
    """A frame from one VM to another."""
    packet = Packet(family, protocol, ip(a, family), ip(b, family), src, dst)
    return Frame(mac(a), mac(b), packet, flags)


def everybody(a: int, protocol: int, src: int, dst: int, family: Family = IPV4) -> Frame:
    """A frame from a VM to all others: broadcast in IPv4, all nodes in IPv6."""
    if family is IPV6:
        packet = Packet(family, protocol, ip(a, family), (0xFF02 << 112) | 1, src, dst)
        return Frame(mac(a), 0x3333_0000_0001, packet)
    packet = Packet(family, protocol, ip(a), 0xFFFF_FFFF, src, dst)
    return Frame(mac(a), BROADCAST, packet)
