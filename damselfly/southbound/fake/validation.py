"""What the switch refuses: matches without their prerequisites, actions that cannot be.

Source: ovs-fields(7), "Prerequisites"; the error names are Open vSwitch's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from damselfly.flow.action import Conntrack, Meter, Move, Resubmit, SetField
from damselfly.flow.field import FIELDS, CtState
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match
from damselfly.southbound.frame.layers import (
    ARP,
    ICMP,
    ICMPV6,
    IPV4,
    IPV6,
    NEIGHBOUR_ADVERTISEMENT,
    NEIGHBOUR_SOLICITATION,
    SCTP,
    TCP,
    UDP,
)
from damselfly.southbound.switch import FlowRefused

LAST_TABLE = 253
"""The switch keeps 254 to itself."""
_CONNECTION_KNOWN = CtState.NEW | CtState.EST | CtState.REL | CtState.RPL
_READ_ONLY = frozenset((
    "dl_type", "nw_proto", "nw_frag", "ct_state", "ct_zone", "ct_nw_src", "ct_nw_dst",
    "ct_ipv6_src", "ct_ipv6_dst", "ct_nw_proto", "ct_tp_src", "ct_tp_dst",
))  # fmt: skip
_STORED = ("ct_mark", "ct_label")
_TUPLE = (
    "ct_nw_src", "ct_nw_dst", "ct_ipv6_src", "ct_ipv6_dst", "ct_nw_proto", "ct_tp_src", "ct_tp_dst"
)  # fmt: skip

Check = Callable[[Match], bool]


def _value(match: Match, field: str) -> int:
    term = match.term(field)
    return 0 if term is None else term.value


def _ip(match: Match) -> bool:
    return _value(match, "dl_type") in (IPV4, IPV6)


def _carries(ethertypes: tuple[int, ...], protocol: int) -> Check:
    def check(match: Match) -> bool:
        return (
            _value(match, "dl_type") in ethertypes
            and _value(match, "nw_proto") == protocol
            and not _value(match, "nw_frag") & 2
        )

    return check


def _is(ethertype: int) -> Check:
    return lambda match: _value(match, "dl_type") == ethertype


def _discovers(*types: int) -> Check:
    is_icmpv6 = _carries((IPV6,), ICMPV6)
    return lambda match: (
        is_icmpv6(match)
        and _value(match, "icmpv6_type") in types
        and _value(match, "icmpv6_code") == 0
    )


def _tracked(match: Match) -> bool:
    term = match.term("ct_state")
    if term is None:
        return False
    not_invalid = bool(term.mask & CtState.INV) and not term.value & CtState.INV
    return bool(term.value & _CONNECTION_KNOWN) or (bool(term.value & CtState.TRK) and not_invalid)


_BOTH = (IPV4, IPV6)
_NEEDS: dict[str, Check] = {
    **dict.fromkeys(("nw_src", "nw_dst"), _is(IPV4)),
    **dict.fromkeys(("ipv6_src", "ipv6_dst"), _is(IPV6)),
    **dict.fromkeys(("nw_proto", "nw_ttl", "nw_frag"), _ip),
    **dict.fromkeys(("tcp_src", "tcp_dst"), _carries(_BOTH, TCP)),
    **dict.fromkeys(("udp_src", "udp_dst"), _carries(_BOTH, UDP)),
    **dict.fromkeys(("sctp_src", "sctp_dst"), _carries(_BOTH, SCTP)),
    **dict.fromkeys(("icmp_type", "icmp_code"), _carries((IPV4,), ICMP)),
    **dict.fromkeys(("icmpv6_type", "icmpv6_code"), _carries((IPV6,), ICMPV6)),
    **dict.fromkeys(("arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha"), _is(ARP)),
    **dict.fromkeys(_TUPLE, _tracked),
    "nd_target": _discovers(NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT),
    "nd_sll": _discovers(NEIGHBOUR_SOLICITATION),
    "nd_tll": _discovers(NEIGHBOUR_ADVERTISEMENT),
}
_NEEDS_IN_MATCH: dict[str, Check] = {
    **dict.fromkeys(("ct_nw_src", "ct_nw_dst"), _is(IPV4)),
    **dict.fromkeys(("ct_ipv6_src", "ct_ipv6_dst"), _is(IPV6)),
}
"""What a field needs only where it is matched, beside ``_NEEDS``."""


def check(flow: Flow, meters: Mapping[int, object]) -> None:
    """Raise FlowRefused, with Open vSwitch's name for it, if the switch would refuse the flow."""
    if not 0 <= flow.table <= LAST_TABLE:
        raise _refused(flow, "OFPBRC_EPERM: no such table")
    if not 0 <= flow.priority <= 0xFFFF:
        raise _refused(flow, "OFPFMFC_BAD_PRIORITY")
    for term in flow.match:
        need = _NEEDS_IN_MATCH.get(term.field)
        if not _satisfied(term.field, flow.match) or (need and not need(flow.match)):
            raise _refused(flow, f"OFPBMC_BAD_PREREQ: {term.field}")
    for action in flow.actions:
        _check_action(action, flow, meters)


def _refused(flow: Flow, why: str) -> FlowRefused:
    return FlowRefused(f"the switch refused {flow}: {why}", [flow.key])


def _satisfied(field: str, match: Match) -> bool:
    need = _NEEDS.get(field)
    return need is None or need(match)


def _check_action(action: object, flow: Flow, meters: Mapping[int, object]) -> None:
    match action:
        case Meter(id=meter) if meter not in meters:
            raise _refused(flow, f"OFPMMFC_INVALID_METER: {meter}")
        case Resubmit(table=table) if not 0 <= table <= LAST_TABLE + 1:
            raise _refused(flow, f"OFPBRC_BAD_TABLE_ID: {table}")
        case SetField() | Move():
            _check_write(action, flow, stored=False)
        case Conntrack():
            _check_conntrack(action, flow)
        case _:
            pass


def _check_conntrack(action: Conntrack, flow: Flow) -> None:
    if not _ip(flow.match):
        raise _refused(flow, "OFPBAC_MATCH_INCONSISTENT: ct without ip or ipv6")
    if action.commit and _value(flow.match, "ct_state") & CtState.INV:
        raise _refused(flow, "OFPBAC_MATCH_INCONSISTENT: commit of what is invalid")
    if action.sets and not action.commit:
        raise _refused(flow, "OFPBAC_BAD_ARGUMENT: exec without commit")
    for write in action.sets:
        _check_write(write, flow, stored=True)


def _check_write(write: SetField | Move, flow: Flow, *, stored: bool) -> None:
    target = write.field if isinstance(write, SetField) else write.destination
    if target in _READ_ONLY or (target in _STORED) is not stored:
        raise _refused(flow, f"OFPBAC_BAD_SET_ARGUMENT: {target}")
    used = [target]
    if isinstance(write, Move):
        used.append(write.source)
        if FIELDS[write.source].bits != FIELDS[target].bits:
            raise _refused(flow, f"OFPBAC_BAD_ARGUMENT: widths of {write}")
    elif write.value & ~FIELDS[target].full_mask:
        raise _refused(flow, f"OFPBAC_BAD_SET_ARGUMENT: {write}")
    for field in used:
        if not _satisfied(field, flow.match):
            raise _refused(flow, f"OFPBAC_MATCH_INCONSISTENT: {field}")
