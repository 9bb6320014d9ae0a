"""INGRESS_SECURITY: a port may send only from the addresses it owns.

Proactive: these flows stand before the port's first packet.  Built in, whatever the groups say:
own MAC and IP pairs only, in ARP as well; a DHCP client may ask before it has an address; nobody
plays DHCP server or router.  (A network's own server and router are ports without port security,
which pass this table.)  What no flow names is dropped and counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.model.address import IPV4, IPV6, Prefix, link_local
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Dropped, Priority, Table
from damselfly.pipeline.protocols import (
    ALL_DHCP_SERVERS,
    ARP,
    DHCP_REPLY,
    DHCP_REQUEST,
    IP,
    IP6,
    MULTICAST,
    MULTICAST_LISTENER_REPORTS,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    ROUTER_SOLICITATION,
    WHOLE,
    icmp,
)
from damselfly.pipeline.view import HostView, LocalPort

_BANS = (
    (match(dl_src=MULTICAST), Dropped.MULTICAST_SOURCE),
    (DHCP_REPLY[IPV4], Dropped.DHCP_SERVER),
    (DHCP_REPLY[IPV6], Dropped.DHCPV6_SERVER),
    (icmp(IPV6, ROUTER_ADVERTISEMENT), Dropped.ROUTER_ADVERTISEMENT),
    # Without a target: cut short, of a strange code, or with options that the switch cannot read.
    (icmp(IPV6, NEIGHBOUR_SOLICITATION) & match(nd_target=0), Dropped.NEIGHBOUR),
    (icmp(IPV6, NEIGHBOUR_ADVERTISEMENT) & match(nd_target=0), Dropped.NEIGHBOUR),
    # Too short for a type, which then reads 0: a reserved one (IANA, ICMPv6 Parameters).
    (icmp(IPV6, 0) & match(nw_frag=WHOLE), Dropped.NEIGHBOUR),
)
_REFUSALS = (
    (ARP, Dropped.ARP),
    (IP, Dropped.SOURCE),
    (IP6, Dropped.SOURCE),
)


def static_flows() -> Iterator[Flow]:
    """State what is banned for all, and the counted drops at the end of the table."""
    for packets, why in _BANS:
        yield Flow(Table.INGRESS_SECURITY, Priority.BAN, packets, cookie=why.cookie)
    for packets, why in _REFUSALS:
        yield Flow(Table.INGRESS_SECURITY, Priority.REFUSED, packets, cookie=why.cookie)
    strange = Dropped.ETHERTYPE.cookie
    yield Flow(Table.INGRESS_SECURITY, Priority.DEFAULT, Match(), cookie=strange)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State what one port may send."""
    sender = match(**{fields.SOURCE: local.key})
    if not local.port.port_security_enabled:
        yield _pass(sender, Table.SERVICES, Priority.EXCEPTION)
        return
    for mac, prefix in own_sources(local):
        frame = sender & match(dl_src=mac)
        if prefix.family is IPV4:
            yield _pass(frame & IP & _within("nw_src", prefix), Table.SERVICES)
            yield _pass(frame & ARP & match(arp_sha=mac) & _within("arp_spa", prefix), Table.L2)
        else:
            yield _pass(frame & IP6 & _within("ipv6_src", prefix), Table.NEIGHBOUR_SECURITY)
            probe = frame & icmp(IPV6, NEIGHBOUR_SOLICITATION) & _no_address()
            target = _within("nd_target", prefix)
            yield _pass(probe & target & match(nd_sll=0), Table.L2, Priority.BUILT_IN)
    for mac in own_macs(local):
        yield from _before_an_address(sender & match(dl_src=mac), mac)


def own_sources(local: LocalPort) -> Iterator[tuple[int, Prefix]]:
    """Yield the (MAC, prefix) pairs that a port owns, its link-local addresses included."""
    yield from local.port.sources()
    known = set(local.port.sources())
    for mac in own_macs(local):
        pair = (mac, Prefix(IPV6, link_local(mac), IPV6.bits))
        if pair not in known:
            yield pair


def own_macs(local: LocalPort) -> list[int]:
    """Return the MACs that a port owns, each once, its own first."""
    return list(dict.fromkeys([local.port.mac, *(mac for mac, _ in local.port.sources())]))


def _before_an_address(frame: Match, mac: int) -> Iterator[Flow]:
    """State what a port may send before it has an address."""
    yield _pass(
        frame & DHCP_REQUEST[IPV4] & ALL_DHCP_SERVERS[IPV4] & match(nw_src=0),
        Table.SERVICES,
        Priority.BUILT_IN,
    )
    probe = ARP & match(arp_op=1, arp_sha=mac, arp_spa=0)
    yield _pass(frame & probe, Table.L2, Priority.BUILT_IN)
    solicitation = icmp(IPV6, ROUTER_SOLICITATION) & _no_address()
    yield _pass(frame & solicitation, Table.L2, Priority.BUILT_IN)
    for report in MULTICAST_LISTENER_REPORTS:
        unaddressed = icmp(IPV6, report) & _no_address()
        yield _pass(frame & unaddressed, Table.SERVICES, Priority.BUILT_IN)


def _no_address() -> Match:
    return match(ipv6_src=0)


def _within(field: str, prefix: Prefix) -> Match:
    return match(**{field: (prefix.value, prefix.mask)})


def _pass(packets: Match, table: Table, priority: Priority = Priority.NAMED) -> Flow:
    return Flow(Table.INGRESS_SECURITY, priority, packets, (Resubmit(table),))
