"""The tables, the priorities and the cookies of the pipeline, each named once."""

from __future__ import annotations

from enum import IntEnum


class Table(IntEnum):
    """The flow tables in the order in which a packet meets them."""

    CLASSIFY = 0
    INGRESS_SECURITY = 10
    NEIGHBOUR_SECURITY = 15
    SERVICES = 20
    FRAGMENTS = 25
    TRACK_SOURCE = 30
    FORWARDING_SECURITY_SOURCE = 40
    L2 = 50
    L3 = 60
    TRACK_DESTINATION = 70
    FORWARDING_SECURITY_DESTINATION = 80
    LABEL = 90
    JUDGE = 100
    VERDICTS = 110
    ANSWERS = 115
    ADMIT = 120
    PASS = 130
    EGRESS_SECURITY = 140
    OUTPUT = 150
    LEDGER = 200


class Priority(IntEnum):
    """Who goes first within a table; a higher number wins."""

    EXCEPTION = 300
    """What must never be overruled."""
    BAN = 200
    """Built-in denials."""
    BUILT_IN = 150
    """Built-in permissions."""
    PER_PACKET = 120
    """What is judged for itself although the tracker has seen it."""
    NAMED = 100
    """The table's normal business: one port, one state, one verdict."""
    GENERAL = 50
    """What holds for all that nothing above names."""
    REFUSED = 20
    """Explicit drops, there for their counters."""
    DEFAULT = 0


class Dropped(IntEnum):
    """Why a frame was dropped before any rule was asked: the low bits of the flow's cookie."""

    SOURCE = 1
    ARP = 2
    NEIGHBOUR = 3
    DHCP_SERVER = 4
    DHCPV6_SERVER = 5
    ROUTER_ADVERTISEMENT = 6
    VLAN = 7
    MULTICAST_SOURCE = 8
    ETHERTYPE = 9
    INTERFACE = 10

    @property
    def cookie(self) -> int:
        """The cookie of the flows that drop for this reason."""
        return DROP_COOKIE | self.value


DROP_COOKIE = 0xD0_0000
"""High bits of every drop flow's cookie."""
DROP_COOKIE_MASK = 0xFFFF_FFFF_FFFF_FF00
"""The bits by which a drop flow is known; the others say why."""
ASKED_TWICE_COOKIE = DROP_COOKIE | 0xFF
"""Cookie of the flow that drops a packet which the agent was asked about already."""


def fragment_meter(key: int) -> int:
    """Return the number of the meter of a port's fragments; the other meter has the key's own."""
    return 1 << 16 | key
