"""Random flows that change headers, some of them on both sides of a pause or of the tracker."""

from __future__ import annotations

from hypothesis import strategies as st

from damselfly.flow.action import Action, Conntrack, Controller, Move, Output, Resubmit, SetField
from damselfly.flow.field import FIELDS
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match

from .tables import V4, V6, Terms

_ETHERNET = ("dl_src", "dl_dst")
_ARP = ("arp_sha", "arp_tha", "arp_spa", "arp_tpa")
_WHOLE: Terms = {"nw_frag": (0, 3)}
"""When ports of a fragment are written, Open vSwitch leaves open: the fake writes them at once."""
_CONTEXTS: tuple[tuple[Terms, tuple[str, ...]], ...] = (
    ({"dl_type": 0x806}, _ARP),
    ({"dl_type": V4}, ("nw_src", "nw_dst", "nw_ttl")),
    ({"dl_type": V4, "nw_proto": 6, **_WHOLE}, ("nw_src", "tcp_src", "tcp_dst")),
    ({"dl_type": V4, "nw_proto": 17, **_WHOLE}, ("nw_dst", "udp_src", "udp_dst")),
    ({"dl_type": V4, "nw_proto": 1}, ("nw_src", "icmp_type", "icmp_code")),
    ({"dl_type": V4, "nw_proto": 132}, ("nw_dst", "nw_ttl")),
    ({"dl_type": V6}, ("ipv6_src", "ipv6_dst", "nw_ttl")),
    ({"dl_type": V6, "nw_proto": 6, **_WHOLE}, ("ipv6_dst", "tcp_src", "tcp_dst")),
    ({"dl_type": V6, "nw_proto": 17, **_WHOLE}, ("ipv6_src", "udp_src", "udp_dst")),
    ({"dl_type": V6, "nw_proto": 58}, ("ipv6_src", "icmpv6_code")),
    ({"dl_type": V6, "nw_proto": 58, "icmpv6_type": 128}, ("icmpv6_type", "ipv6_dst")),
    ({"dl_type": V6, "nw_proto": 58, "icmpv6_type": 135}, ("nd_target", "nd_sll", "ipv6_dst")),
    ({"dl_type": V6, "nw_proto": 58, "icmpv6_type": 136}, ("nd_target", "nd_tll")),
)
_VALUES = (0, 1, 0xFE, 0xFD00, 0x0A000009, 0x020000000009, (0xFD00 << 112) | 9)
_MOVES = {
    0x806: (("arp_spa", "arp_tpa"), ("arp_sha", "arp_tha"), ("arp_sha", "dl_dst")),
    V4: (("nw_src", "nw_dst"), ("dl_src", "dl_dst"), ("nw_src", "reg0"), ("reg0", "nw_dst")),
    V6: (("ipv6_src", "ipv6_dst"), ("ipv6_dst", "xxreg0"), ("xxreg0", "ipv6_src")),
}


@st.composite
def _flow(draw: st.DrawFn, table: int, context: tuple[Terms, tuple[str, ...]]) -> Flow:
    terms, fields = context
    ethertype = terms["dl_type"]
    assert isinstance(ethertype, int)
    actions: list[Action] = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 9))
        if kind <= 4:
            field = draw(st.sampled_from((*fields, *_ETHERNET)))
            actions.append(SetField(field, _fitting(field, draw(st.sampled_from(_VALUES)))))
        elif kind == 5:
            actions.append(Move(*draw(st.sampled_from(_MOVES[ethertype]))))
        elif kind == 6:
            actions.append(Output(draw(st.sampled_from((2, 3)))))
        elif kind == 7:
            actions.append(Controller(b"why"))
        elif ethertype != 0x806:
            later = draw(st.sampled_from((None, table + 1)))
            actions.append(Conntrack(1, table=later, commit=True))
    if table == 0:
        actions.append(Resubmit(1))
    return Flow(table, 10 + len(terms), match(**terms), (*actions, Output(1), Output(2), Output(3)))


def _fitting(field: str, value: int) -> int:
    return value & FIELDS[field].full_mask


@st.composite
def rewriting_tables(draw: st.DrawFn) -> list[Flow]:
    """Two tables, with at most one flow for each kind of packet."""
    flows = [Flow(table, 0, Match(), (Output(1), Output(2), Output(3))) for table in (0, 1, 2)]
    for table in (0, 1):
        contexts = draw(st.lists(st.sampled_from(_CONTEXTS), max_size=9, unique_by=repr))
        flows += [draw(_flow(table, context)) for context in contexts]
    return flows
