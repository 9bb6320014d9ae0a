"""Networks and their subnets: who hears whose broadcasts, and who may hand out addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .address import Prefix


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


@dataclass(frozen=True, slots=True)
class Network:
    """A layer-2 segment.  Ports of different networks never see each other's frames."""

    id: str
    name: str = ""
    segmentation_id: int = 0
    """The network's number in tunnels between hosts (VNI): 1 to 2**24 - 1; no two share one."""


class Attachment(NamedTuple):
    """A port that is plugged into this host's bridge."""

    port_id: str
    key: int
    """The port's number in registers and its conntrack zone: 1 to 65534, never reused early."""
    ofport: int
