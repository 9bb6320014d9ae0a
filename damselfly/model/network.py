"""Networks, their subnets and routers: who hears whose broadcasts, who may hand out addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .address import Prefix


class Route(NamedTuple):
    """Where packets to a prefix go next."""

    destination: Prefix
    nexthop: Prefix


@dataclass(frozen=True, slots=True)
class Subnet:
    """A prefix of a network with the addresses of its gateway and its DHCP server."""

    id: str
    network_id: str
    cidr: Prefix
    gateway_ip: Prefix | None = None
    """Only the port that holds it may advertise itself as a router to others."""
    dhcp_ip: Prefix | None = None
    """Only the port that holds it may answer DHCP requests."""
    enable_dhcp: bool = False
    """Whether its machines are told their addresses."""
    dns_nameservers: tuple[Prefix, ...] = ()
    """In the order in which they are to be asked."""
    host_routes: tuple[Route, ...] = ()
    ipv6_ra_mode: str = ""
    """Neutron's word: ``slaac``, ``dhcpv6-stateful``, ``dhcpv6-stateless``, or none."""
    ipv6_address_mode: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A layer-2 segment.  Ports of different networks never see each other's frames."""

    id: str
    name: str = ""
    segmentation_id: int = 0
    """Its number in tunnels between hosts (VNI): 1 to 2**24 - 1; no two share one.

    0: it has none, and what is on one host stays there.
    """
    mtu: int = 0
    """Bytes of the largest packet; 0: not said."""


@dataclass(frozen=True, slots=True)
class Router:
    """What forwards between the subnets that it has an interface on."""

    id: str
    name: str = ""
    admin_state_up: bool = True
    routes: tuple[Route, ...] = ()
    gateway_network_id: str | None = None
    """The network behind which the rest of the world is."""
    gateway_ips: tuple[Prefix, ...] = ()
    enable_snat: bool = False


@dataclass(frozen=True, slots=True)
class RouterInterface:
    """The port by which a router is on a network; its MAC and addresses are the port's."""

    router_id: str
    port_id: str
    network_id: str
    subnets: tuple[str, ...] = ()
    """Ids, sorted."""


class Attachment(NamedTuple):
    """A port that is plugged into this host's bridge."""

    port_id: str
    key: int
    """The port's number in registers and its conntrack zone: 1 to 65534, never reused early."""
    ofport: int
