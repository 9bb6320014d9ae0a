"""Matches for the protocols that the pipeline itself must know, each with its source."""

from __future__ import annotations

from damselfly.flow.match import Match, match
from damselfly.model.address import ARP_ETHERTYPE, IPV4, IPV6, Family
from damselfly.model.group import UDP

ARP = match(dl_type=ARP_ETHERTYPE)
IP = match(dl_type=IPV4.ethertype)
IP6 = match(dl_type=IPV6.ethertype)
IP_OF = {IPV4: IP, IPV6: IP6}

_UDP4 = IP & match(nw_proto=UDP)
_UDP6 = IP6 & match(nw_proto=UDP)
DHCP_REQUEST = _UDP4 & match(udp_src=68, udp_dst=67)
"""RFC 2131, section 4.1."""
DHCP_REPLY = _UDP4 & match(udp_src=67, udp_dst=68)
DHCPV6_REQUEST = _UDP6 & match(udp_src=546, udp_dst=547)
"""RFC 8415, section 7.2."""
DHCPV6_REPLY = _UDP6 & match(udp_src=547, udp_dst=546)

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

ANY_FRAGMENT = (1, 1)
LATER_FRAGMENT = (3, 3)


def icmp(family: Family, icmp_type: int | None = None, code: int | None = None) -> Match:
    """Return the match of the family's ICMP packets, all of them or one type and code."""
    prefix = "icmp" if family is IPV4 else "icmpv6"
    wanted = {f"{prefix}_type": icmp_type, f"{prefix}_code": code}
    return (
        IP_OF[family]
        & match(nw_proto=family.icmp)
        & match(**{name: value for name, value in wanted.items() if value is not None})
    )
