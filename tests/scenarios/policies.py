"""Random policies, ports and packets of one host: much is allowed, and much is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import (
    ICMP,
    ICMPV6,
    SCTP,
    TCP,
    UDP,
    AddressGroup,
    Rule,
    SecurityGroup,
    in_order,
)
from damselfly.model.packet import Packet
from damselfly.model.port import AddressPair, Port

from .frames import ACK, SYN, Frame

GROUPS = ("g0", "g1", "g2")
LISTS = ("a0", "a1")
LOCAL, FAR = ("p1", "p2", "p3", "p4"), ("f5", "f6")
SERVICES, CLIENTS = (80, 81, 443), (1000, 1001)
DIRECTIONS = (Direction.INGRESS, Direction.INGRESS, Direction.EGRESS)
GRE = 47
BROADCAST = 0xFFFF_FFFF_FFFF
WORN = (
    ("g0", "g1"), ("g0",), ("g1",), ("g1", "g2"), ("g2",), ("g2", "none"), ("g0", "none"), (),
)  # fmt: skip
TYPES = {IPV4: (8, 8, 0, 13, 5, 3), IPV6: (128, 128, 129, 144, 200, 1)}
EVERYBODY = {IPV4: 0xE000_00FB, IPV6: (0xFF02 << 112) | 0xFB}


def address(name: str, family: Family, shift: int = 0) -> int:
    """The address of a port by its number; a port may move on by eight."""
    base = 0x0A00_0000 if family is IPV4 else 0xFD00 << 112
    return base + int(name[1:]) + shift


def mac(name: str) -> int:
    """The MAC of a port by its number."""
    return 0x0200_0000_0000 + int(name[1:])


@st.composite
def prefixes(draw: st.DrawFn, family: Family) -> Prefix:
    """A port's address, or a few around it."""
    near = draw(st.sampled_from(LOCAL))
    free = draw(st.integers(0, 3))
    return Prefix(family, address(near, family) >> free << free, family.bits - free)


@st.composite
def address_groups(draw: st.DrawFn, name: str) -> AddressGroup:
    """An address group; most list some of the ports."""
    near = st.sampled_from(FAMILIES).flatmap(prefixes)
    return AddressGroup(name, name, in_order(draw(st.lists(near, max_size=4))))


@st.composite
def rules(draw: st.DrawFn, name: str) -> Rule:
    """A rule; the part of its name before the hyphen is the group."""
    family, direction = draw(st.sampled_from(FAMILIES)), draw(st.sampled_from(DIRECTIONS))
    protocol = draw(st.sampled_from([None, TCP, UDP, None, TCP, ICMP, ICMPV6, GRE, SCTP, 0]))
    low = high = None
    if protocol in (TCP, UDP, SCTP):
        low, high = draw(st.sampled_from([(None, None), (80, 80), (80, 81), (443, 443), (0, 999)]))
    elif protocol in (ICMP, ICMPV6):
        low = draw(st.sampled_from([None, *TYPES[family]]))
    remote: dict[str, Any] = {}
    kind = draw(st.sampled_from(["any", "any", "prefix", "group", "group", "list"]))
    if kind == "group":
        remote["remote_group_id"] = draw(st.sampled_from([*GROUPS, "unknown"]))
    elif kind == "list":
        remote["remote_address_group_id"] = draw(st.sampled_from([*LISTS * 2, "unknown"]))
    elif kind == "prefix":
        remote["remote_ip_prefix"] = draw(prefixes(family))
    group = name.partition("-")[0]
    return Rule(name, group, direction, family, protocol, low, high, **remote)


@st.composite
def groups(draw: st.DrawFn, name: str) -> SecurityGroup:
    """A group; every other one lets everything out, as Neutron's groups do at birth."""
    meant = [draw(rules(f"{name}-{n}")) for n in range(draw(st.sampled_from([3, 2, 4, 1, 0])))]
    if draw(st.sampled_from([True, True, True, False])):
        meant += [Rule(f"{name}-out{f.version}", name, Direction.EGRESS, f) for f in FAMILIES]
    kinds = [True, False] if name == "g2" else [True] * 5 + [False]
    return SecurityGroup(name, name, tuple(meant), draw(st.sampled_from(kinds)))


@st.composite
def ports(draw: st.DrawFn, name: str) -> Port:
    """A port with both addresses, one of which may move, and groups."""
    shift = draw(st.sampled_from([0, 0, 0, 8]))
    fixed = tuple(Prefix(f, address(name, f, shift), f.bits) for f in FAMILIES)
    pairs: tuple[AddressPair, ...] = ()
    if draw(st.sampled_from([False] * 5 + [True])):
        pairs = (AddressPair(Prefix(IPV4, 0x0A00_0010, 29)),)
    worn = draw(st.sampled_from(WORN))
    return Port(
        name, draw(st.sampled_from(["net"] * 9 + ["other"])), mac(name),
        fixed_ips=fixed, allowed_address_pairs=pairs, security_groups=worn,
        port_security_enabled=draw(st.sampled_from([True] * 9 + [False])),
        host="elsewhere" if name in FAR else None,
    )  # fmt: skip


@st.composite
def frames(draw: st.DrawFn, sender: Port, receivers: list[Port]) -> Frame:
    """A frame that the sender may send: to a port, or to everybody."""
    family = draw(st.sampled_from(FAMILIES))
    source = next(p.value for p in sender.fixed_ips if p.family is family)
    if draw(st.sampled_from([True] * 7 + [False])):
        receiver = draw(st.sampled_from(receivers))
        destination = next(p.value for p in receiver.fixed_ips if p.family is family)
        towards = receiver.mac
    else:
        destination, towards = EVERYBODY[family], BROADCAST
    protocol = draw(st.sampled_from([TCP, TCP, UDP, UDP, family.icmp, GRE, SCTP, 0]))
    src = dst = 0
    if protocol in (TCP, UDP, SCTP):
        src, dst = draw(st.sampled_from(CLIENTS)), draw(st.sampled_from(SERVICES))
    elif protocol == family.icmp:
        src, dst = draw(st.sampled_from(TYPES[family])), draw(st.sampled_from([0, 0, 0, 1]))
    elif protocol == 0 and family is IPV6:
        protocol = GRE
    packet = Packet(family, protocol, source, destination, src, dst)
    return Frame(sender.mac, towards, packet, draw(st.sampled_from([SYN, ACK])))


def every_kind(sender: Port, receiver: Port, family: Family, client: int) -> Iterator[Frame]:
    """Frames from one port to another: each service, each sort of ICMP, other protocols."""
    source, destination = (
        next(p.value for p in port.fixed_ips if p.family is family) for port in (sender, receiver)
    )
    kinds = [(TCP, client, port) for port in SERVICES] + [(UDP, client, port) for port in SERVICES]
    kinds += [(family.icmp, kind, 0) for kind in dict.fromkeys(TYPES[family])] + [(GRE, 0, 0)]
    kinds += [(SCTP, client, port) for port in SERVICES[:2]]
    for protocol, src, dst in kinds:
        packet = Packet(family, protocol, source, destination, src, dst)
        yield Frame(sender.mac, receiver.mac, packet, SYN)
