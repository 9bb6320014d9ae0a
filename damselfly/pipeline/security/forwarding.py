"""FORWARDING_SECURITY: what the connection tracker found decides whose rules are asked.

One stage, entered once for each end of a connection that is on this host.  A connection that the
packet's sender opened is governed by the sender's egress rules at its own end and by the receiver's
ingress rules at the other; its replies by the same rules, through the tracker's original tuple.

What the tracker calls invalid is dropped, except for ICMP messages that it cannot follow and that
a rule names: those are judged packet by packet and never enter the tracker.  ICMP errors are not
among them: an error passes only where it is related to a tracked connection.  IPv4 protocol 0 is
judged packet by packet as well, because the tracker's original tuple cannot name it.

A fragment hides its ports from ingress security, and its type from whoever judges packets: DHCP
servers are banned here again, where the tracker has seen the whole datagram, and fragments of what
it calls invalid are dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Action, Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, match
from damselfly.model.address import FAMILIES, IPV4, IPV6, Family
from damselfly.model.direction import Direction
from damselfly.model.group import UDP
from damselfly.pipeline.layout import Dropped, Priority, Table
from damselfly.pipeline.protocols import (
    ANY_FRAGMENT,
    DHCP_CLIENT,
    DHCP_REPLY,
    DHCP_SERVER,
    ERROR_TYPES,
    IP_OF,
    icmp,
)
from damselfly.pipeline.sides import ENDS, SOURCE_END, Basis, End
from damselfly.pipeline.view import HostView, LocalPort

_INVALID = match(ct_state=ct_state("+trk+inv"))
_TRACKED = match(ct_state=ct_state("+trk-inv"))
_BY_SENDER = match(ct_state=ct_state("+trk-inv-rpl"))
_BY_RECEIVER = match(ct_state=ct_state("+trk-inv+rpl"))
_SERVERS = {IPV4: Dropped.DHCP_SERVER, IPV6: Dropped.DHCPV6_SERVER}
_PROTOCOL_ZERO = _TRACKED & IP_OF[IPV4] & match(nw_proto=0)


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    for end in ENDS:
        yield Flow(end.judge, Priority.NAMED, _BY_SENDER, _judge(end, end.opened))
        yield Flow(end.judge, Priority.NAMED, _BY_RECEIVER, _judge(end, end.opened.opposite))
        yield Flow(end.judge, Priority.PER_PACKET, _PROTOCOL_ZERO, _judge_alone(end))
        yield Flow(end.judge, Priority.GENERAL, _INVALID)
        for family in FAMILIES:
            fragment = _INVALID & IP_OF[family] & match(nw_frag=ANY_FRAGMENT)
            yield Flow(end.judge, Priority.EXCEPTION, fragment)
            for error in ERROR_TYPES[family]:
                yield Flow(end.judge, Priority.EXCEPTION, _INVALID & icmp(family, error))
    for family, why in _SERVERS.items():
        for reply in _dhcp_replies(family):
            yield Flow(SOURCE_END.judge, Priority.BAN, reply, cookie=why.cookie)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """Let through to judgement the untracked ICMP messages that the port's rules name."""
    if not local.is_tracked:
        return
    for end in ENDS:
        for family in FAMILIES:
            for icmp_type in _named_types(view, local, end.opened, family):
                packets = _INVALID & match(**{end.key: local.key}) & icmp(family, icmp_type)
                yield Flow(end.judge, Priority.BUILT_IN, packets, _judge_alone(end))


def _dhcp_replies(family: Family) -> tuple[Match, ...]:
    """Return what a DHCP server sends: unasked, and in a connection that its client opened.

    A datagram that the tracker put together for good shows its ports (the kernel's does that); of
    fragments only the tracker knows them.  Only of fragments: the ports of the original tuple are
    matched whole or not at all, and asked for of every packet they would make the switch remember
    each UDP connection apart.
    """
    fragments = IP_OF[family] & match(ct_nw_proto=UDP, nw_frag=ANY_FRAGMENT)
    server, client = DHCP_SERVER[family], DHCP_CLIENT[family]
    return (
        DHCP_REPLY[family] & _TRACKED,
        fragments & _BY_SENDER & match(ct_tp_src=server, ct_tp_dst=client),
        fragments & _BY_RECEIVER & match(ct_tp_src=client, ct_tp_dst=server),
    )


def _judge(end: End, direction: Direction) -> tuple[Action, ...]:
    return (*end.begin(direction), Resubmit(Table.LABEL))


def _judge_alone(end: End) -> tuple[Action, ...]:
    return (*end.begin(end.opened, Basis.PACKET), Resubmit(Table.JUDGE))


def _named_types(
    view: HostView, local: LocalPort, direction: Direction, family: Family
) -> list[int | None]:
    """Return the ICMP types that rules name; just ``None`` where a rule admits any type."""
    groups = map(view.snapshot.groups.get, local.port.security_groups)
    types = {
        icmp_type
        for group in groups
        if group is not None
        for way, kind, icmp_type in group.icmp_types
        if way is direction and kind is family
    }
    if None in types:
        return [None]
    return [*sorted(named for named in types if named is not None)]
