"""Random flows that a real switch must take, and matches for every field."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import get_args

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
from damselfly.flow.match import Match, Term, Wanted, from_mapping

TRACKED = (0x20, 0x30)
"""``+trk-inv``, without which the original tuple may not be matched."""

_FITTING: dict[Term | None, tuple[type[Action], ...]] = {
    Term("dl_type", 0x86DD, 0xFFFF): (SetField, Resubmit, Output, Controller, Conntrack, Meter),
    Term("dl_type", 0x0800, 0xFFFF): get_args(Action),
}
"""Which actions the switch takes for which packets."""

ANYWHERE = (
    *("in_port", "tun_id", "tun_src", "metadata", "ct_zone", "ct_mark", "ct_label"),
    *("dl_src", "dl_dst", "vlan_tci", *(f"reg{n}" for n in range(16))),
)
TUPLE = ("ct_nw_proto", "ct_tp_src", "ct_tp_dst")
UNMASKED = frozenset(
    {
        *("in_port", "ct_zone", "ct_nw_proto", "nw_ttl", "arp_op", "icmp_type", "icmp_code"),
        *("icmpv6_type", "icmpv6_code"),
    }
)


@dataclass(frozen=True)
class Family:
    """A kind of packet: what it must have, and which fields it may be matched on."""

    has: dict[str, Wanted]
    may: tuple[str, ...]


def _families() -> list[Family]:
    v4 = ("nw_src", "nw_dst", "nw_ttl", "ct_nw_src", "ct_nw_dst", *TUPLE)
    v6 = ("ipv6_src", "ipv6_dst", "nw_ttl", "ct_ipv6_src", "ct_ipv6_dst", *TUPLE)
    families = [Family({}, ()), Family({"dl_type": 0x1234}, ())]
    for ether, common, icmp, number in ((0x800, v4, "icmp", 1), (0x86DD, v6, "icmpv6", 58)):
        tracked: dict[str, Wanted] = {"dl_type": ether, "ct_state": TRACKED}
        for name, protocol in (("tcp", 6), ("udp", 17), ("sctp", 132)):
            ports = (f"{name}_src", f"{name}_dst")
            families.append(Family({**tracked, "nw_proto": protocol}, (*common, *ports)))
        types = (f"{icmp}_type", f"{icmp}_code")
        families.append(Family({**tracked, "nw_proto": number}, (*common, *types)))
        families.append(Family({**tracked, "nw_proto": 136}, (*common, "nw_frag")))
    arp = ("arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha")
    families.append(Family({"dl_type": 0x806}, arp))
    nd: dict[str, Wanted] = {"dl_type": 0x86DD, "nw_proto": 58, "icmpv6_code": 0}
    families.append(Family({**nd, "icmpv6_type": 135}, ("ipv6_src", "nd_target", "nd_sll")))
    families.append(Family({**nd, "icmpv6_type": 136}, ("ipv6_src", "nd_target", "nd_tll")))
    return families


FAMILIES = _families()


def random_value(name: str, random: Random) -> int:
    """Choose a value that the switch accepts for a field."""
    if name == "vlan_tci":
        return random.getrandbits(16) | 0x1000
    if name == "in_port":
        return random.randrange(1, 0xFEFF)
    if name in {"ct_nw_proto", "arp_op"}:
        return random.randrange(1, 256)
    return random.getrandbits(FIELDS[name].bits)


def random_condition(name: str, random: Random) -> Wanted:
    """Choose a condition on a field: exact or, where the switch allows it, masked."""
    value = random_value(name, random)
    if name in UNMASKED or random.random() < 0.4:
        return value
    if name == "vlan_tci":
        mask = random.choice((0x1000, 0x1FFF, 0xFFFF))
    else:
        mask = random.getrandbits(FIELDS[name].bits) or 1
    return value & mask, mask


def random_match(random: Random) -> Match:
    """Choose a match of some family on a few of its fields."""
    family = random.choice(FAMILIES)
    names = (*ANYWHERE, *family.may)
    chosen = random.sample(names, random.randrange(0, min(len(names), 9)))
    wanted = {name: random_condition(name, random) for name in chosen}
    if {"ct_tp_src", "ct_tp_dst"} & wanted.keys():
        wanted.setdefault("ct_nw_proto", 6)
    return from_mapping({**wanted, **family.has})


ACTIONS: tuple[Action, ...] = (
    SetField("reg0", 0),
    SetField("reg15", 0xFFFFFFFF),
    SetField("xxreg1", 1 << 127 | 5),
    SetField("metadata", 0xFEDCBA9876543210),
    SetField("tun_id", 77),
    SetField("dl_src", 0x020000000001),
    SetField("dl_dst", 0xFFFFFFFFFFFF),
    SetField("in_port", 3),
    SetField("vlan_tci", 0x1005),
    Move("reg1", "reg2"),
    Move("dl_src", "dl_dst"),
    Move("in_port", "reg9"),
    Move("tun_id", "metadata"),
    Move("nw_src", "reg3"),
    Move("ct_label", "xxreg3"),
    Move("xxreg0", "xxreg1"),
    Resubmit(0),
    Resubmit(253),
    Output(1),
    Output(0xFFFFFFFE),
    Controller(),
    Controller(b"x"),
    Controller(bytes(range(64))),
    Conntrack(0),
    Conntrack(65535, table=7),
    Conntrack("reg6", table=0),
    Conntrack("reg7", commit=True),
    Conntrack("reg0", 5, True, (SetField("ct_mark", 9), SetField("ct_label", 1 << 100))),
    Conntrack(4, None, True, (Move("xxreg2", "ct_label"), Move("reg3", "ct_mark"))),
    CtClear(),
)
"""Every action that any IP packet may meet, in its variants; ``Meter`` stands apart."""


def random_actions(random: Random, meters: tuple[int, ...] = ()) -> tuple[Action, ...]:
    """Choose some actions, perhaps behind a meter."""
    chosen = tuple(random.choice(ACTIONS) for _ in range(random.randrange(0, 7)))
    if meters and random.random() < 0.3:
        return (Meter(random.choice(meters)), *chosen)
    return chosen


def random_flows(count: int, random: Random, meters: tuple[int, ...] = ()) -> list[Flow]:
    """Choose that many flows with keys of their own."""
    flows: dict[object, Flow] = {}
    while len(flows) < count:
        wanted, actions = random_match(random), random_actions(random, meters)
        fits = _FITTING.get(wanted.term("dl_type"), (SetField, Resubmit, Output, Controller))
        flow = Flow(
            table=random.randrange(0, 254),
            priority=random.getrandbits(16),
            match=wanted,
            actions=tuple(action for action in actions if isinstance(action, fits)),
            cookie=random.getrandbits(64),
        )
        flows[flow.key] = flow
    return list(flows.values())
