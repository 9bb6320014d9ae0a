"""SERVICES: what a port's network owes it, before any rule is asked.

A DHCP client reaches its server without a rule.  (Answers to ARP, neighbour discovery and DHCP from
the model have their place here.)
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import DHCP_REQUEST, DHCPV6_REQUEST


def static_flows() -> Iterator[Flow]:
    """State all flows of this table."""
    for request in (DHCP_REQUEST, DHCPV6_REQUEST):
        yield Flow(Table.SERVICES, Priority.BUILT_IN, request, (Resubmit(Table.L2),))
    yield Flow(Table.SERVICES, Priority.DEFAULT, Match(), (Resubmit(Table.TRACK_SOURCE),))
