"""Spell flows as ovs-ofctl(8) does, for people, for documents and as input of that program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import singledispatch
from ipaddress import IPv4Address, IPv6Address

from .action import (
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
from .field import FIELDS, CtState, Frag, Style
from .flow import Flow
from .match import Match, Term

_KEYWORDS: dict[tuple[int, int | None], str] = {
    (0x0806, None): "arp",
    (0x0800, None): "ip", (0x0800, 1): "icmp",
    (0x0800, 6): "tcp", (0x0800, 17): "udp", (0x0800, 132): "sctp",
    (0x86DD, None): "ipv6", (0x86DD, 58): "icmp6",
    (0x86DD, 6): "tcp6", (0x86DD, 17): "udp6", (0x86DD, 132): "sctp6",
}  # fmt: skip
"""Shorthands for ``dl_type`` with ``nw_proto`` (ovs-fields(7), "Prerequisites")."""
_FRAGMENTS = {
    (Frag.ANY, Frag.ANY): "yes",
    (0, Frag.ANY): "no",
    (Frag.ANY, Frag.ANY | Frag.LATER): "first",
    (Frag.ANY | Frag.LATER, Frag.ANY | Frag.LATER): "later",
    (Frag.LATER, Frag.LATER): "later",
    (0, Frag.LATER): "not_later",
}


def flow_text(flow: Flow) -> str:
    """Spell a whole flow: ``table=0,priority=100,ip,in_port=1,actions=resubmit(,10)``."""
    words = [f"table={int(flow.table)}"]
    if flow.cookie:
        words.append(f"cookie={flow.cookie:#x}")
    return ",".join([*words, rule_text(flow), f"actions={actions_text(flow.actions)}"])


def rule_text(flow: Flow) -> str:
    """Spell a flow's priority and match."""
    return ",".join([f"priority={int(flow.priority)}", *_match_words(flow.match)])


def match_text(match: Match) -> str:
    """Spell a match; empty where every packet matches."""
    return ",".join(_match_words(match))


def actions_text(actions: tuple[Action, ...]) -> str:
    """Spell actions; ``drop`` where there is none."""
    return ",".join(map(action_text, actions)) or "drop"


@singledispatch
def action_text(action: Action) -> str:
    """Spell one action."""
    raise TypeError(f"no action: {action!r}")


@action_text.register
def _(action: SetField) -> str:
    return f"set_field:{_value(FIELDS[action.field].style, action.value)}->{action.field}"


@action_text.register
def _(action: Move) -> str:
    return f"move:{_nicira(action.source)}[]->{_nicira(action.destination)}[]"


@action_text.register
def _(action: Resubmit) -> str:
    return f"resubmit(,{int(action.table)})"


@action_text.register
def _(action: Output) -> str:
    return f"output:{action.port}"


@action_text.register
def _(action: Meter) -> str:
    return f"meter:{action.id}"


@action_text.register
def _(action: Controller) -> str:
    userdata = ".".join(f"{byte:02x}" for byte in action.userdata)
    return f"controller(userdata={userdata},pause)" if userdata else "controller(pause)"


@action_text.register
def _(action: Conntrack) -> str:
    zone = action.zone if isinstance(action.zone, int) else f"{_nicira(action.zone)}[0..15]"
    words = ["commit"] if action.commit else []
    if action.table is not None:
        words.append(f"table={int(action.table)}")
    words.append(f"zone={zone}")
    if action.sets:
        words.append(f"exec({','.join(map(action_text, action.sets))})")
    return f"ct({','.join(words)})"


@action_text.register
def _(_action: CtClear) -> str:
    return "ct_clear"


def _nicira(field: str) -> str:
    return f"NXM_NX_{field.upper()}"


def _match_words(match: Match) -> Iterator[str]:
    keyword, spent = _keyword(match)
    if keyword:
        yield keyword
    for term in match:
        if term.field not in spent:
            yield f"{term.field}={_term(term)}"


def _keyword(match: Match) -> tuple[str, set[str]]:
    """Return the shorthand for the protocol, and the fields that it stands for."""
    ethertype, protocol = match.term("dl_type"), match.term("nw_proto")
    if ethertype is None:
        return "", set()
    if protocol is not None:
        keyword = _KEYWORDS.get((ethertype.value, protocol.value))
        if keyword:
            return keyword, {"dl_type", "nw_proto"}
    keyword = _KEYWORDS.get((ethertype.value, None), "")
    return keyword, {"dl_type"} if keyword else set()


def _term(term: Term) -> str:
    field = FIELDS[term.field]
    if field.style is Style.CT_STATE:
        return _ct_state(term)
    if field.style is Style.FRAG:
        return _FRAGMENTS[term.value, term.mask]
    if term.mask == field.full_mask:
        return _value(field.style, term.value)
    if field.style in (Style.IPV4, Style.IPV6):
        return f"{_value(field.style, term.value)}/{_netmask(field.style, term.mask, field.bits)}"
    style = Style.HEX if field.style is Style.DECIMAL else field.style
    return f"{_value(style, term.value)}/{_value(style, term.mask)}"


def _netmask(style: Style, mask: int, bits: int) -> str:
    host = mask ^ ((1 << bits) - 1)
    return _value(style, mask) if host & (host + 1) else str(mask.bit_count())


def _ct_state(term: Term) -> str:
    bits = (bit for bit in CtState if term.mask & bit)
    return "".join(f"{'+' if term.value & bit else '-'}{bit.name.lower()}" for bit in bits)


def _mac(value: int) -> str:
    return value.to_bytes(6).hex(":")


_SPELL: dict[Style, Callable[[int], str]] = {
    Style.DECIMAL: str,
    Style.HEX: hex,
    Style.MAC: _mac,
    Style.IPV4: lambda value: str(IPv4Address(value)),
    Style.IPV6: lambda value: str(IPv6Address(value)),
}


def _value(style: Style, value: int) -> str:
    return _SPELL[style](value)
