"""The built-ins in words: where the tables decide by themselves, whatever the rules say.

States no flow; held to the tables by tests.  What holds for a whole port (closed, no port security)
comes before and is not looked at here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from damselfly.model.address import IPV4, IPV6, Family, Prefix, address_text
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, SCTP, UDP
from damselfly.model.network import Subnet
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import is_stateful
from damselfly.pipeline.protocols import (
    DHCP_CLIENT,
    DHCP_SERVER,
    ERROR_TYPES,
    MULTICAST_LISTENER_REPORTS,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
)
from damselfly.pipeline.view import LocalPort

from .ingress import own_sources

_TRACKED_TYPES = {IPV4: (8, 13, 15), IPV6: (128,)}
"""ICMP requests that open a connection, with code 0; the tracker calls all others invalid."""
_ALL_SERVERS = {IPV4: 0xFFFF_FFFF, IPV6: (0xFF02 << 112) | 0x1_0002}
_UNADDRESSED = {NEIGHBOUR_SOLICITATION, ROUTER_SOLICITATION, *MULTICAST_LISTENER_REPORTS}
"""What a port may send over IPv6 before it has an address."""


class BuiltIn(NamedTuple):
    """What is decided at one end without asking a rule."""

    allowed: bool
    because: str


class Parties(NamedTuple):
    """Who a packet is from and to; None where no port of the policy is known."""

    source: Port | None
    destination: Port | None


def _yes(because: str) -> BuiltIn:
    return BuiltIn(allowed=True, because=f"built in: {because}")


def _no(because: str) -> BuiltIn:
    return BuiltIn(allowed=False, because=f"built in: {because}")


ARP = {
    Direction.EGRESS: _yes("ARP passes, with the port's own MAC and addresses only"),
    Direction.INGRESS: _yes("ARP reaches every port of the network"),
}
"""What is decided of ARP at each end."""


def built_in(
    view: Snapshot, direction: Direction, parties: Parties, packet: Packet
) -> BuiltIn | None:
    """Say what is decided at the sender's end (egress) or the receiver's; None where rules are.

    The packet is one that opens a connection, or stands alone.
    """
    port = parties.source if direction is Direction.EGRESS else parties.destination
    if _is_error(packet) and (port is None or is_stateful(view, port)):
        return _ERROR
    judge = _sent if direction is Direction.EGRESS else _heard
    return judge(view, parties, packet)


def how_judged(packet: Packet) -> str | None:
    """Say what is special about how the rules of a stateful port judge a packet, if anything is."""
    if packet.protocol in ICMP_PROTOCOLS and not _is_error(packet):
        if packet.tp_src in _TRACKED_TYPES[packet.family] and not packet.tp_dst:
            return None
        return "the tracker does not follow this message: each is judged for itself, at both ends"
    if packet.protocol == 0 and packet.family is IPV4:
        return "the tracker cannot name protocol 0: each packet is judged for itself, at both ends"
    if packet.protocol == SCTP:
        return "the tracker keeps no SCTP ports: each packet is judged for itself, at both ends"
    return None


def owns(port: Port, family: Family, address: int) -> bool:
    """Tell whether a port may send from an address."""
    own = own_sources(LocalPort(port, 0, 0))
    return any(prefix.family is family and address in prefix for _, prefix in own)


def _sent(view: Snapshot, parties: Parties, packet: Packet) -> BuiltIn | None:
    sender, message = parties.source, _discovery(packet)
    if sender is None:
        return None
    if message == ROUTER_ADVERTISEMENT:
        return _no("a port with port security may not play router")
    if _is_dhcp(packet, DHCP_SERVER, DHCP_CLIENT):
        return _no("a port with port security may not play DHCP server")
    if not owns(sender, packet.family, packet.source) and not _before_an_address(packet):
        return _no(f"{address_text(packet.family, packet.source)} is no address of the sender")
    if message in _DISCOVERY:
        return _yes(_DISCOVERY[message])
    if _asks_all_servers(packet) or (
        _is_dhcp(packet, DHCP_CLIENT, DHCP_SERVER)
        and _serves(view, parties.destination, packet, _dhcp_server)
    ):
        return _yes("a DHCP client may ask its servers")
    return None


def _heard(view: Snapshot, parties: Parties, packet: Packet) -> BuiltIn | None:
    message = _discovery(packet)
    if message in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT):
        return _yes("neighbour discovery reaches every port of the network")
    if message == ROUTER_ADVERTISEMENT and _serves(view, parties.source, packet, _router):
        return _yes("what the network's own router advertises passes")
    replies = _is_dhcp(packet, DHCP_SERVER, DHCP_CLIENT)
    if replies and _serves(view, parties.source, packet, _dhcp_server):
        return _yes("replies of the network's own DHCP server pass")
    return None


_ERROR = _no("an ICMP error passes only where it answers a live connection")
_DISCOVERY = {
    ROUTER_SOLICITATION: "a port may look for routers",
    NEIGHBOUR_SOLICITATION: "a port may look for neighbours, with its own link-layer address only",
    NEIGHBOUR_ADVERTISEMENT: "a port may advertise its own addresses, and no others",
}


def _discovery(packet: Packet) -> int:
    """Return the type of an ICMPv6 message, 0 for anything else."""
    return packet.tp_src if packet.family is IPV6 and packet.protocol == IPV6.icmp else 0


def _before_an_address(packet: Packet) -> bool:
    """Tell whether a port may send this from no address yet."""
    if packet.source != 0:
        return False
    if packet.family is IPV4:
        return _asks_all_servers(packet)
    return _discovery(packet) in _UNADDRESSED


def _is_error(packet: Packet) -> bool:
    return packet.protocol == packet.family.icmp and packet.tp_src in ERROR_TYPES[packet.family]


def _is_dhcp(packet: Packet, source: dict[Family, int], destination: dict[Family, int]) -> bool:
    ports = (source[packet.family], destination[packet.family])
    return packet.protocol == UDP and (packet.tp_src, packet.tp_dst) == ports


def _asks_all_servers(packet: Packet) -> bool:
    to_all = packet.destination == _ALL_SERVERS[packet.family]
    return to_all and _is_dhcp(packet, DHCP_CLIENT, DHCP_SERVER)


def _router(subnet: Subnet) -> Prefix | None:
    return subnet.gateway_ip


def _dhcp_server(subnet: Subnet) -> Prefix | None:
    return subnet.dhcp_ip


def _serves(
    view: Snapshot, port: Port | None, packet: Packet, role: Callable[[Subnet], Prefix | None]
) -> bool:
    """Tell whether a port holds the address that a subnet of its network gives to a role."""
    if port is None:
        return False
    subnets = (view.subnets[name] for name in view.subnets_on.get(port.network_id, ()))
    return any(
        subnet.cidr.family is packet.family and role(subnet) in port.fixed_ips for subnet in subnets
    )
