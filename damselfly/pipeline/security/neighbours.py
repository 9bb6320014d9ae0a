"""NEIGHBOUR_SECURITY: an IPv6 port may speak in neighbour discovery only for itself.

INGRESS_SECURITY has checked the packet's source.  Here the message itself is checked: who is
advertised, and which link-layer address the options claim (RFC 4861, section 4.6.1).  An absent
option reads as zero, and so does one of another length than Ethernet's, which receivers refuse
(RFC 2464, section 6).  Options of router solicitations cannot be matched: they speak of the sender,
whose address is its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.model.address import IPV6
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Dropped, Priority, Table
from damselfly.pipeline.protocols import (
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    ROUTER_SOLICITATION,
    icmp,
)
from damselfly.pipeline.view import HostView, LocalPort

from .ingress import own_macs, own_sources

_SOLICITATION = icmp(IPV6, NEIGHBOUR_SOLICITATION)
_ADVERTISEMENT = icmp(IPV6, NEIGHBOUR_ADVERTISEMENT)


def static_flows() -> Iterator[Flow]:
    """State what holds for all ports; everything but neighbour discovery goes on."""
    yield _flow(Priority.BUILT_IN, icmp(IPV6, ROUTER_SOLICITATION), Table.L2)
    for message in (_SOLICITATION, _ADVERTISEMENT):
        yield Flow(
            Table.NEIGHBOUR_SECURITY,
            Priority.REFUSED,
            message,
            cookie=Dropped.NEIGHBOUR.cookie,
        )
    yield _flow(Priority.DEFAULT, Match(), Table.SERVICES)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State which neighbour messages one port may send."""
    if not local.port.port_security_enabled:
        return
    for mac in own_macs(local):
        sender = match(**{fields.SOURCE: local.key, "dl_src": mac})
        for option in (mac, 0):
            yield _flow(Priority.NAMED, sender & _SOLICITATION & match(nd_sll=option), Table.L2)
    for mac, prefix in own_sources(local):
        if prefix.family is not IPV6:
            continue
        sender = match(**{fields.SOURCE: local.key, "dl_src": mac})
        target = match(nd_target=(prefix.value, prefix.mask))
        for option in (mac, 0):
            own = sender & _ADVERTISEMENT & target & match(nd_tll=option)
            yield _flow(Priority.NAMED, own, Table.L2)


def _flow(priority: Priority, packets: Match, table: Table) -> Flow:
    return Flow(Table.NEIGHBOUR_SECURITY, priority, packets, (Resubmit(table),))
