"""SERVICES: what a port's network owes it, before any rule is asked.

A DHCP client reaches its server without a rule: by asking all, or the network's own server where
that is on this host.  (Answers to ARP, neighbour discovery and DHCP from the model have their place
here.)
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.model.address import FAMILIES, Prefix
from damselfly.model.direction import Direction
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import ALL_DHCP_SERVERS, ANY_FRAGMENT, DHCP_REQUEST, IP_OF
from damselfly.pipeline.sides import Basis, remote_field
from damselfly.pipeline.view import HostView, LocalPort


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    for family in FAMILIES:
        yield _owed(DHCP_REQUEST[family] & ALL_DHCP_SERVERS[family])
        pieces = IP_OF[family] & match(nw_frag=ANY_FRAGMENT)
        charged = (Resubmit(Table.FRAGMENTS), Resubmit(Table.TRACK_SOURCE))
        yield Flow(Table.SERVICES, Priority.GENERAL, pieces, charged)
    yield Flow(Table.SERVICES, Priority.DEFAULT, Match(), (Resubmit(Table.TRACK_SOURCE),))


def network_flows(view: HostView, network_id: str) -> Iterator[Flow]:
    """Let clients renew a lease with the network's own DHCP server."""
    for subnet_id in sorted(view.snapshot.subnets_on.get(network_id, ())):
        address = view.snapshot.subnets[subnet_id].dhcp_ip
        for local in view.on_network(network_id):
            if address is not None and address in local.port.fixed_ips:
                yield _owed(DHCP_REQUEST[address.family] & _towards(local, address))


def _towards(server: LocalPort, address: Prefix) -> Match:
    destination = remote_field(address.family, Direction.EGRESS, Basis.PACKET)
    return match(
        **{fields.NETWORK: server.network, destination: address.value}, dl_dst=server.port.mac
    )


def _owed(packets: Match) -> Flow:
    return Flow(Table.SERVICES, Priority.BUILT_IN, packets, (Resubmit(Table.L2),))
