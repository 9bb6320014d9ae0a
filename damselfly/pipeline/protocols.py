"""Matches for the protocols that the pipeline itself must know, each with its source."""

from __future__ import annotations

from damselfly.flow.match import Match, match
from damselfly.model.address import ARP_ETHERTYPE, FAMILIES, IPV4, IPV6, Family
from damselfly.model.group import UDP

ARP = match(dl_type=ARP_ETHERTYPE)
IP = match(dl_type=IPV4.ethertype)
IP6 = match(dl_type=IPV6.ethertype)
IP_OF = {IPV4: IP, IPV6: IP6}

DHCP_CLIENT = {IPV4: 68, IPV6: 546}
DHCP_SERVER = {IPV4: 67, IPV6: 547}
"""UDP ports (RFC 2131, section 4.1; RFC 8415, section 7.2)."""
DHCP_REQUEST = {
    family: IP_OF[family]
    & match(nw_proto=UDP, udp_src=DHCP_CLIENT[family], udp_dst=DHCP_SERVER[family])
    for family in FAMILIES
}
DHCP_REPLY = {
    family: IP_OF[family]
    & match(nw_proto=UDP, udp_src=DHCP_SERVER[family], udp_dst=DHCP_CLIENT[family])
    for family in FAMILIES
}
ALL_DHCP_SERVERS = {
    IPV4: match(dl_dst=0xFFFF_FFFF_FFFF, nw_dst=0xFFFF_FFFF),
    IPV6: match(dl_dst=0x3333_0001_0002, ipv6_dst=(0xFF02 << 112) | 0x1_0002),
}
"""Where a client asks that knows no server (RFC 2131, section 4.1; RFC 8415, section 7.1)."""

ROUTER_SOLICITATION = 133
ROUTER_ADVERTISEMENT = 134
NEIGHBOUR_SOLICITATION = 135
NEIGHBOUR_ADVERTISEMENT = 136
"""Types of RFC 4861, section 4."""
MULTICAST_LISTENER_REPORTS = (131, 132, 143)
"""Report and done of RFC 2710, report of RFC 3810."""

ERROR_TYPES = {IPV4: (3, 11, 12), IPV6: (1, 2, 3, 4)}
"""ICMP errors, which only ever pass as related to a tracked connection (RFC 792, RFC 4443)."""

MULTICAST_BIT = 1 << 40
MULTICAST = (MULTICAST_BIT, MULTICAST_BIT)
"""Value and mask of a MAC with the group bit set: multicast and broadcast (IEEE 802)."""

WHOLE = (0, 1)
ANY_FRAGMENT = (1, 1)
LATER_FRAGMENT = (3, 3)
"""``nw_frag`` of no fragment, of all fragments, and of all but the first (ovs-fields(7)).

By default the switch hides ports, ICMP types and codes of every fragment, even of the first.
"""


def icmp(family: Family, icmp_type: int | None = None, code: int | None = None) -> Match:
    """Return the match of the family's ICMP packets, all of them or one type and code."""
    prefix = "icmp" if family is IPV4 else "icmpv6"
    wanted = {f"{prefix}_type": icmp_type, f"{prefix}_code": code}
    return (
        IP_OF[family]
        & match(nw_proto=family.icmp)
        & match(**{name: value for name, value in wanted.items() if value is not None})
    )
