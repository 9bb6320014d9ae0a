"""TRACK_SOURCE and TRACK_DESTINATION: what the connection tracker knows, one zone per port.

Each end is tracked in the zone of its own port, so that the two ends of a connection on one host
never share state.  Neighbour discovery and ARP, which the tracker cannot follow and ingress
security has checked, go round it.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Conntrack, Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.model.address import FAMILIES, IPV6
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import (
    ANY_FRAGMENT,
    ARP,
    DHCP_REPLY,
    IP_OF,
    MULTICAST,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    ROUTER_ADVERTISEMENT,
    icmp,
)
from damselfly.pipeline.sides import DESTINATION_END, ENDS, End
from damselfly.pipeline.view import HostView, LocalPort


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    for end in ENDS:
        yield from _end_flows(end)
    for family in FAMILIES:
        copies = IP_OF[family] & match(nw_frag=ANY_FRAGMENT, dl_dst=MULTICAST)
        charged = (Resubmit(Table.FRAGMENTS), _track(DESTINATION_END))
        yield Flow(Table.TRACK_DESTINATION, Priority.NAMED, copies, charged)
    for owed in (ARP, icmp(IPV6, NEIGHBOUR_SOLICITATION), icmp(IPV6, NEIGHBOUR_ADVERTISEMENT)):
        yield _untracked(DESTINATION_END, Priority.BUILT_IN, owed)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State what differs for one port: no echo of its own frames, no tracking without security."""
    both = match(**{fields.SOURCE: local.key, fields.DESTINATION: local.key})
    yield Flow(Table.TRACK_DESTINATION, Priority.EXCEPTION, both)
    if not local.port.port_security_enabled:
        for end in ENDS:
            yield _untracked(end, Priority.BAN, match(**{end.key: local.key}))


def network_flows(view: HostView, network_id: str) -> Iterator[Flow]:
    """Let the network's own router and DHCP server, and nobody else, reach ports unasked."""
    here = view.on_network(network_id)
    for subnet_id in sorted(view.snapshot.subnets_on.get(network_id, ())):
        subnet = view.snapshot.subnets[subnet_id]
        for local in here:
            if subnet.gateway_ip in local.port.fixed_ips and subnet.cidr.family is IPV6:
                yield _owed(local, icmp(IPV6, ROUTER_ADVERTISEMENT))
            if subnet.dhcp_ip in local.port.fixed_ips:
                yield _owed(local, DHCP_REPLY[subnet.cidr.family])


def _end_flows(end: End) -> Iterator[Flow]:
    for family in FAMILIES:
        yield Flow(end.track, Priority.GENERAL, IP_OF[family], (_track(end),))


def _track(end: End) -> Conntrack:
    return Conntrack(zone=end.key, table=end.judge)


def _owed(server: LocalPort, packets: Match) -> Flow:
    source = match(**{fields.NETWORK: server.network, fields.SOURCE: server.key})
    return _untracked(DESTINATION_END, Priority.BUILT_IN, source & packets)


def _untracked(end: End, priority: Priority, packets: Match) -> Flow:
    return Flow(end.track, priority, packets, (Resubmit(end.onward),))
