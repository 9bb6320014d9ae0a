"""Random flows that Open vSwitch accepts: matches with their prerequisites, actions that fit."""

from __future__ import annotations

from hypothesis import strategies as st

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.field import FIELDS
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, from_mapping

METERS = (1, 2)
ANYWHERE = ("metadata", "reg0", "reg5", "reg15", "ct_mark", "ct_label", "tun_id", "dl_src")
TRACKED = ("ct_nw_proto", "ct_tp_src", "ct_tp_dst")
CONTEXTS: tuple[tuple[dict[str, int], tuple[str, ...]], ...] = (
    ({}, ()),
    ({"dl_type": 0x88CC}, ()),
    ({"dl_type": 0x806}, ("arp_spa", "arp_tpa", "arp_sha", "arp_tha")),
    ({"dl_type": 0x800}, ("nw_src", "nw_dst", "ct_nw_src", "ct_nw_dst", *TRACKED)),
    ({"dl_type": 0x86DD}, ("ipv6_src", "ipv6_dst", "ct_ipv6_src", "ct_ipv6_dst", *TRACKED)),
    ({"dl_type": 0x800, "nw_proto": 50}, ("nw_src",)),
    ({"dl_type": 0x800, "nw_proto": 6}, ("tcp_src", "tcp_dst", "nw_src", *TRACKED)),
    ({"dl_type": 0x86DD, "nw_proto": 17}, ("udp_src", "udp_dst", "ipv6_dst", *TRACKED)),
    ({"dl_type": 0x800, "nw_proto": 132}, ("sctp_src", "sctp_dst")),
    ({"dl_type": 0x800, "nw_proto": 1}, ("icmp_type", "icmp_code")),
    ({"dl_type": 0x86DD, "nw_proto": 58}, ("icmpv6_type", "icmpv6_code", "ipv6_src")),
    ({"dl_type": 0x86DD, "nw_proto": 58, "icmpv6_type": 135}, ("nd_target", "nd_sll")),
    ({"dl_type": 0x86DD, "nw_proto": 58, "icmpv6_type": 136}, ("nd_target", "nd_tll")),
)
UNMASKED = frozenset(("icmp_type", "icmp_code", "icmpv6_type", "icmpv6_code", "ct_nw_proto"))
STATES = ("+trk+new-inv", "+trk-inv", "+trk+est", "+trk+rel-rpl")
FRAGMENTS = ((0, 3), (1, 1), (1, 3), (3, 3), (0, 2))
REGISTERS = ("reg0", "reg1", "reg7")

numbers = st.integers


def wanted(field: str) -> st.SearchStrategy[tuple[int, int]]:
    """Values of a field with a mask: none, a prefix or arbitrary bits."""
    full = FIELDS[field].full_mask
    value = st.one_of(st.sampled_from((0, 1, full)), numbers(0, full))
    if field == "ct_nw_proto":
        value = numbers(1, full)
    masks = [st.just(full)]
    if field not in UNMASKED:
        bits = FIELDS[field].bits
        masks.append(numbers(1, bits).map(lambda n: full ^ ((1 << (bits - n)) - 1)))
        # ovs-ofctl takes some other IPv6 masks for prefix lengths.
        if not field.startswith(("ipv6", "ct_ipv6", "nd_")):
            masks.append(numbers(1, full))
    return st.tuples(value, st.one_of(*masks)).map(lambda pair: (pair[0] & pair[1], pair[1]))


@st.composite
def matches(draw: st.DrawFn) -> Match:
    """Matches that carry what their fields need."""
    base, own = draw(st.sampled_from(CONTEXTS))
    terms: dict[str, int | tuple[int, int]] = dict(base)
    for field in draw(st.lists(st.sampled_from((*ANYWHERE, *own)), max_size=4, unique=True)):
        terms[field] = draw(wanted(field))
    if "ct_tp_src" in terms or "ct_tp_dst" in terms:
        terms.setdefault("ct_nw_proto", 6)
    is_tracked = any(field in terms for field in ("ct_nw_src", "ct_nw_dst", *TRACKED)) or any(
        field.startswith("ct_ipv6") for field in terms
    )
    if is_tracked or draw(st.booleans()):
        terms["ct_state"] = ct_state(draw(st.sampled_from(STATES)))
    if base.get("dl_type") in (0x800, 0x86DD) and draw(st.booleans()):
        if base.get("nw_proto") is None:
            terms["nw_frag"] = draw(st.sampled_from(FRAGMENTS))
        terms["nw_ttl"] = draw(numbers(0, 255))
    if draw(st.booleans()):
        terms["in_port"] = draw(st.sampled_from((1, 7, 0xFFFFFFFE)))
    return from_mapping(terms)


def set_fields(*fields: str) -> st.SearchStrategy[SetField]:
    """Constants written into any of the fields."""
    return st.sampled_from(fields).flatmap(
        lambda field: numbers(0, FIELDS[field].full_mask).map(lambda value: SetField(field, value))
    )


def moves(*pairs: tuple[str, str]) -> st.SearchStrategy[Move]:
    """Copies between any of the pairs."""
    return st.sampled_from(pairs).map(lambda pair: Move(*pair))


stored = st.lists(
    st.one_of(
        set_fields("ct_mark", "ct_label"),
        moves(("reg3", "ct_mark"), ("xxreg1", "ct_label")),
    ),
    max_size=2,
)


@st.composite
def conntracks(draw: st.DrawFn) -> Conntrack:
    """All that ``ct()`` may be asked for."""
    zone = draw(st.one_of(numbers(0, 0xFFFF), st.sampled_from(REGISTERS)))
    table = draw(st.one_of(st.none(), numbers(0, 254)))
    commit = draw(st.booleans())
    return Conntrack(zone, table, commit, tuple(draw(stored)) if commit else ())


anywhere: st.SearchStrategy[Action] = st.one_of(
    set_fields("reg0", "reg7", "xxreg1", "metadata", "tun_id", "dl_dst"),
    moves(("reg0", "reg1"), ("dl_src", "dl_dst"), ("xxreg0", "xxreg2"), ("metadata", "tun_id")),
    numbers(0, 254).map(Resubmit),
    st.sampled_from((1, 9, 0xFFFFFFF8, 0xFFFFFFFE)).map(Output),
    st.binary(max_size=6).map(Controller),
    st.just(CtClear()),
)
of_arp: st.SearchStrategy[Action] = st.one_of(
    set_fields("arp_sha", "arp_tpa"),
    st.just(SetField("arp_op", 2)),
    moves(("arp_spa", "arp_tpa"), ("arp_sha", "dl_dst")),
)
of_ipv4: st.SearchStrategy[Action] = st.one_of(
    set_fields("nw_src", "nw_dst", "nw_ttl"), moves(("nw_src", "nw_dst")), conntracks()
)
of_ipv6: st.SearchStrategy[Action] = st.one_of(
    set_fields("ipv6_src", "ipv6_dst"), moves(("ipv6_src", "ipv6_dst")), conntracks()
)
OF_TYPE = {0x806: of_arp, 0x800: of_ipv4, 0x86DD: of_ipv6}


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """Flows of any table."""
    match = draw(matches())
    ethertype = match.term("dl_type")
    own = OF_TYPE.get(0 if ethertype is None else ethertype.value)
    choice = anywhere if own is None else st.one_of(anywhere, own)
    actions = draw(st.lists(choice, max_size=5))
    if draw(st.booleans()):
        actions.insert(0, Meter(draw(st.sampled_from(METERS))))
    return Flow(
        table=draw(numbers(0, 253)),
        priority=draw(numbers(0, 0xFFFF)),
        match=match,
        actions=tuple(actions),
        cookie=draw(numbers(0, 2**64 - 2)),
    )
