"""Random small flow tables that track, commit, resubmit, pause, and show what the tracker said."""

from __future__ import annotations

from hypothesis import strategies as st

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.field import CtState
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, Wanted, ct_state, match

OFPORTS = (1, 2, 3)
V4, V6 = 0x800, 0x86DD
LABELS, MARKS, ZONES = (0, 7, 1 << 100), (0, 1, 2), (1, 2)
SHOW_STATE, SHOW_STORED, SHOW_TUPLE, OUT = 20, 21, 22, 23
LAST = 5
"""Tables up to here are random; each sends packets to higher ones only."""
_ALL_STATES = sum(CtState)
_A4, _B4 = 0x0A000001, 0x0A000002
_A6 = (0xFD00 << 112) | 1

Terms = dict[str, Wanted]


def showing() -> list[Flow]:
    """Write the tracker's state into the packet, so that it can be seen from outside."""
    flows = [
        Flow(
            SHOW_STATE,
            1,
            match(ct_state=(state, _ALL_STATES)),
            (SetField("dl_dst", 0x020000000000 | state), Resubmit(SHOW_STORED)),
        )
        for state in range(_ALL_STATES + 1)
    ]
    flows += [
        Flow(
            SHOW_STORED,
            1,
            match(ct_label=label, ct_mark=mark),
            (SetField("dl_src", 0x020000000000 | place << 8 | mark), Resubmit(SHOW_TUPLE)),
        )
        for place, label in enumerate(LABELS)
        for mark in MARKS
    ]
    known = ct_state("+trk-inv")
    tuple4 = (Move("ct_nw_src", "nw_src"), Move("ct_nw_dst", "nw_dst"))
    tuple6 = (Move("ct_ipv6_src", "ipv6_src"), Move("ct_ipv6_dst", "ipv6_dst"))
    for family, moves in ((V4, tuple4), (V6, tuple6)):
        flows.append(
            Flow(SHOW_TUPLE, 1, match(dl_type=family, ct_state=known), (*moves, Resubmit(OUT)))
        )
        for protocol, name in ((6, "tcp"), (17, "udp")):
            ends = (Move("ct_tp_src", f"{name}_src"), Move("ct_tp_dst", f"{name}_dst"))
            where = match(dl_type=family, nw_proto=protocol, ct_state=known)
            flows.append(Flow(SHOW_TUPLE, 2, where, (*moves, *ends, Resubmit(OUT))))
    flows.append(Flow(SHOW_TUPLE, 0, Match(), (Resubmit(OUT),)))
    flows.append(Flow(OUT, 0, Match(), (Output(1), Output(2), Output(3))))
    return flows


STATES = ("+trk+new-inv", "+trk+est", "+trk+est+rpl", "+trk-inv", "+trk+inv", "+trk+rel", "-trk",
          "+trk+new+rpl", "+trk-new")  # fmt: skip
_TUPLES: tuple[Terms, ...] = (
    {},
    {"ct_nw_proto": 6},
    {"ct_nw_proto": 17, "ct_tp_dst": 80},
    {"ct_nw_proto": 6, "ct_tp_dst": (0x40, 0xFFC0)},
    {"ct_nw_proto": 1, "ct_tp_src": 8, "ct_tp_dst": 0},
    {"ct_nw_proto": 58, "ct_tp_src": 128},
    {"ct_nw_proto": 47},
)
_HEADERS: tuple[Terms, ...] = (
    {},
    {},
    {"nw_proto": 6},
    {"nw_proto": 6, "tcp_dst": 80},
    {"nw_proto": 17},
    {"nw_proto": 17, "udp_src": (0x3E8, 0xFFFE)},
    {"nw_frag": (0, 3)},
    {"nw_frag": (1, 3)},
    {"nw_frag": (3, 3)},
    {"nw_frag": (1, 1)},
    {"nw_ttl": 64},
)


@st.composite
def wheres(draw: st.DrawFn) -> Match:
    """Matches of IP packets, by header, tracking state, tuple, label or register."""
    family = draw(st.sampled_from((V4, V6)))
    terms: Terms = {"dl_type": family, **draw(st.sampled_from(_HEADERS))}
    if draw(st.booleans()):
        terms["ct_state"] = ct_state(draw(st.sampled_from(STATES)))
    if draw(st.integers(0, 3)) == 0:
        terms["ct_state"] = ct_state(draw(st.sampled_from(("+trk-inv", "+trk+est", "+trk+new"))))
        terms.update(draw(st.sampled_from(_TUPLES)))
        if draw(st.booleans()):
            source = ("ct_nw_src", _A4) if family == V4 else ("ct_ipv6_src", _A6)
            terms[source[0]] = source[1]
    extra = draw(st.integers(0, 6))
    if extra == 0:
        terms["ct_label"] = draw(st.sampled_from(LABELS))
    elif extra == 1:
        terms["ct_mark"] = draw(st.sampled_from(MARKS))
    elif extra == 2:
        terms["reg0"] = draw(st.integers(0, 1))
    elif extra == 3:
        terms["in_port"] = draw(st.sampled_from(OFPORTS))
    elif extra == 4:
        terms["ct_zone"] = draw(st.sampled_from(ZONES))
    return match(**terms)


@st.composite
def conntracks(draw: st.DrawFn, table: int) -> Conntrack:
    """``ct()`` of every kind, going on in a later table or in none."""
    zone: int | str = "reg6" if draw(st.booleans()) else draw(st.sampled_from(ZONES))
    after = draw(st.one_of(st.none(), st.sampled_from((*range(table + 1, LAST + 1), SHOW_STATE))))
    if not draw(st.booleans()):
        return Conntrack(zone, after)
    sets: list[SetField | Move] = []
    if draw(st.booleans()):
        sets.append(SetField("ct_label", draw(st.sampled_from(LABELS))))
    if draw(st.booleans()):
        sets.append(SetField("ct_mark", draw(st.sampled_from(MARKS))))
    elif draw(st.booleans()):
        sets.append(Move("reg0", "ct_mark"))
    return Conntrack(zone, after, commit=True, sets=tuple(sets))


def _doings(table: int) -> st.SearchStrategy[Action]:
    later = st.sampled_from((*range(table + 1, LAST + 1), SHOW_STATE, SHOW_STATE))
    return st.one_of(
        conntracks(table),
        conntracks(table),
        later.map(Resubmit),
        later.map(Resubmit),
        st.sampled_from((SetField("reg0", 1), SetField("reg6", 2), SetField("nw_ttl", 9))),
        st.sampled_from((Move("reg6", "reg0"), SetField("dl_src", 0x0200000000AA), CtClear())),
        st.sampled_from((*OFPORTS, 0xFFFFFFF8)).map(Output),
        st.just(Controller(b"why")),
    )


@st.composite
def random_flow(draw: st.DrawFn, table: int) -> Flow:
    """One flow of a random table."""
    actions = draw(st.lists(_doings(table), min_size=1, max_size=4))
    return Flow(table, draw(st.integers(1, 400)), draw(wheres()), tuple(actions), cookie=table)


@st.composite
def flow_tables(draw: st.DrawFn) -> list[Flow]:
    """Small sets of tables; no two flows of a table have the same priority."""
    flows = [
        Flow(0, 0, Match(), (Resubmit(OUT),)),
        Flow(0, 1, match(dl_type=V4), (SetField("reg6", 1), Conntrack("reg6", table=1))),
        Flow(0, 2, match(dl_type=V6), (SetField("reg6", 1), Conntrack("reg6", table=1))),
    ]
    flows += [Flow(table, 0, Match(), (Resubmit(SHOW_STATE),)) for table in range(1, LAST + 1)]
    if draw(st.booleans()):
        commit = Conntrack("reg6", commit=True, sets=(SetField("ct_label", 7),))
        flows += [
            Flow(1, priority, match(dl_type=family), (commit, Conntrack("reg6", table=2)))
            for priority, family in ((1, V4), (2, V6))
        ]
    for table in draw(st.lists(st.integers(0, LAST), min_size=2, max_size=12)):
        flows.append(draw(random_flow(table)))
    unique = {(flow.table, flow.priority): flow for flow in flows}
    return list(unique.values())


_OF_STATE: list[Terms] = [{"ct_state": ct_state(each)} for each in STATES]
_LOOSE: tuple[Terms, ...] = (
    *_OF_STATE,
    {"dl_type": V4}, {"dl_type": V6}, {"dl_type": 0x806}, {"nw_proto": 6}, {"nw_proto": 17},
    {"nw_proto": 1}, {"nw_proto": 58}, {"nw_proto": 132}, {"tcp_dst": 80}, {"udp_src": (1, 1)},
    {"sctp_src": 5}, {"icmp_type": 8}, {"icmpv6_type": 135}, {"icmpv6_type": 136},
    {"icmpv6_code": 0}, {"icmpv6_code": 1}, {"nd_target": 1}, {"nd_sll": 1}, {"nd_tll": 1},
    {"nw_src": _A4}, {"ipv6_dst": _A6}, {"nw_frag": (3, 3)}, {"nw_frag": (0, 2)}, {"nw_ttl": 1},
    {"arp_op": 1}, {"arp_spa": _A4}, {"arp_sha": 5}, {"ct_nw_proto": 6},
    {"ct_nw_proto": 17, "ct_tp_dst": 80},
    {"ct_nw_src": _A4}, {"ct_ipv6_src": _A6},
    {"ct_state": ct_state("-inv")}, {"ct_state": ct_state("+trk")}, {"ct_mark": 1},
)  # fmt: skip


@st.composite
def any_flows(draw: st.DrawFn) -> Flow:
    """Flows that the switch may well refuse: fields without what they need."""
    terms: Terms = {"dl_type": draw(st.sampled_from((V4, V6)))} if draw(st.booleans()) else {}
    for part in draw(st.lists(st.sampled_from(_LOOSE), max_size=4)):
        terms.update(part)
    fields = ("reg0", "nw_src", "ipv6_src", "tcp_dst", "udp_src", "icmp_type", "icmpv6_type",
              "arp_op", "arp_tha", "nd_target", "nd_sll", "nd_tll", "nw_ttl", "ct_mark",
              "ct_label", "metadata", "dl_dst", "nw_proto", "ct_zone", "ct_nw_src")  # fmt: skip
    moves = (("nw_src", "nw_dst"), ("ct_mark", "reg0"), ("ct_nw_src", "reg0"), ("reg0", "ct_mark"),
             ("ct_tp_src", "udp_dst"), ("arp_spa", "arp_tpa"), ("nd_sll", "dl_dst"),
             ("ct_label", "xxreg0"), ("tcp_src", "tcp_dst"), ("reg0", "ct_state"))  # fmt: skip
    doing: st.SearchStrategy[Action] = st.one_of(
        st.sampled_from(fields).map(lambda field: SetField(field, 1)),
        st.sampled_from(moves).map(lambda pair: Move(*pair)),
        conntracks(0),
        st.just(Resubmit(1)),
    )
    return Flow(0, 1, match(**terms), tuple(draw(st.lists(doing, max_size=2))))
