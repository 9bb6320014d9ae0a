"""Matches that Open vSwitch would take and hand back as others: a flow with one is refused here.

A flow that comes back changed would look foreign for ever, or hide that it is wider than it was
meant to be.  Seen on Open vSwitch 3.1.
"""

from __future__ import annotations

from collections.abc import Callable

from damselfly.flow.match import Match, Term

from .wire import ProtocolError

_KNOWN_STATES = 0xFF
_VLAN_ID, _VLAN_PRIORITY = 0x1FFF, 0xE000


def check(match: Match) -> None:
    """Raise ProtocolError if the switch would not hand this match back as it is."""
    for term in match.terms:
        fault = _FAULTS.get(term.field)
        if fault is not None:
            reason = fault(term, match)
            if reason:
                raise ProtocolError(f"{term}: {reason}")


def _state(term: Term, _: Match) -> str:
    return "only the named bits of ct_state can be matched" if term.mask > _KNOWN_STATES else ""


def _tuple_protocol(term: Term, _: Match) -> str:
    return "" if term.value else "protocol 0 means that there is no original tuple"


def _tuple_port(_: Term, match: Match) -> str:
    return "" if match.term("ct_nw_proto") else "needs a ct_nw_proto beside it"


def _vlan(term: Term, _: Match) -> str:
    priority = term.mask & _VLAN_PRIORITY
    whole = priority == _VLAN_PRIORITY and term.value & _VLAN_ID
    return "" if whole or not priority else "the priority goes with an id, and whole"


def _parted(_: Term, __: Match) -> str:
    return "must be stated as its four registers"


_FAULTS: dict[str, Callable[[Term, Match], str]] = {
    "ct_state": _state,
    "ct_nw_proto": _tuple_protocol,
    "ct_tp_src": _tuple_port,
    "ct_tp_dst": _tuple_port,
    "vlan_tci": _vlan,
    **{f"xxreg{n}": _parted for n in range(4)},
}
