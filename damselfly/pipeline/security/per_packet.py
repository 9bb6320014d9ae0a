"""ANSWERS: what is judged packet by packet, which is all of a stateless port, and SCTP.

A stateless port goes round the tracker.  Every packet is judged by its own headers, as if it opened
a connection: answers need a rule of their own, ICMP errors as well.

SCTP is tracked, but the tracker keeps one entry for all SCTP of two hosts.  So no packet of it
passes by its label.  It is judged by its own ports as if it opened an association.  What goes
towards the host that spoke first may also answer one: then it is judged by the rules of the other
direction, source and destination exchanged.  What that host sends never counts as an answer, or a
wide rule for what the other may send would open all of the other's ports.

Of a fragment the switch shows neither ports nor type: only rules that name none admit it.
Fragments from a stateless port pass the tracker, which puts them together to look at them, so that
none carries what a port may never send; they are not entered.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from damselfly.flow.action import CtClear, Move, Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, match
from damselfly.model.address import FAMILIES
from damselfly.model.direction import Direction
from damselfly.model.group import SCTP
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import ANY_FRAGMENT, IP_OF, WHOLE
from damselfly.pipeline.sides import (
    DESTINATION_END,
    ENDS,
    PER_PACKET,
    SOURCE_END,
    Basis,
    End,
)
from damselfly.pipeline.view import HostView, LocalPort

from .labels import commit

_SHAPES = ((WHOLE, Basis.PACKET), (ANY_FRAGMENT, Basis.FRAGMENT))
_JUDGED = match(**{fields.BASIS: PER_PACKET})
_UNDECIDED = match(**{fields.VERDICT: 0})


def static_flows() -> Iterator[Flow]:
    """State how SCTP is judged."""
    for family in FAMILIES:
        sctp = IP_OF[family] & match(nw_proto=SCTP)
        for end in ENDS:
            yield from _sctp(end, sctp)
        yield Flow(Table.JUDGE, Priority.PER_PACKET, _JUDGED & sctp & _state("+rpl"), _BOTH_WAYS)
        unlike = match(**{fields.VERDICT: 1, fields.COMMITTED: 0})
        entered = (
            SetField(fields.BASIS, Basis.CONNECTION),
            *commit(Move(fields.RULE, "ct_mark")),
        )
        tracked = _JUDGED & unlike & sctp & _state("-rel")
        yield Flow(Table.ADMIT, Priority.PER_PACKET, tracked, entered)
    for direction, basis in product(Direction, Basis):
        if basis.is_answer:
            yield _turned(direction, basis)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """Lead a stateless port's packets round the tracker, its fragments only to look at them."""
    if local.stateful or not local.port.port_security_enabled:
        return
    for family in FAMILIES:
        here = {end: match(**{end.key: local.key}) & IP_OF[family] for end in ENDS}
        for shape, basis in _SHAPES:
            packets = here[DESTINATION_END] & match(nw_frag=shape)
            track = DESTINATION_END.track  # Above the flow for pieces that go to everybody.
            yield _alone(track, Priority.PER_PACKET, packets, DESTINATION_END, basis)
        whole = here[SOURCE_END] & match(nw_frag=WHOLE)
        yield _alone(SOURCE_END.track, Priority.NAMED, whole, SOURCE_END, Basis.PACKET)
        # What the tracker lets go in passing may be somebody else's: that has been in another zone.
        own = match(ct_zone=local.key, nw_frag=ANY_FRAGMENT) & _state("")
        pieces = here[SOURCE_END] & own
        yield _alone(SOURCE_END.judge, Priority.BUILT_IN, pieces, SOURCE_END, Basis.FRAGMENT)


_BOTH_WAYS = (
    SetField(fields.VERDICT, 0),
    Resubmit(Table.VERDICTS),
    Resubmit(Table.ANSWERS),
    Resubmit(Table.ADMIT),
)


def _sctp(end: End, sctp: Match) -> Iterator[Flow]:
    """Judge at one end: what the host sends that spoke first, and what may answer it."""
    for shape, basis in _SHAPES:
        packets = sctp & match(nw_frag=shape)
        for state, way, seen in (
            ("-rpl", end.opened, basis),
            ("+rpl", end.opened.opposite, basis.turned),
        ):
            actions = (*end.begin(way, seen), Resubmit(Table.LABEL))
            yield Flow(end.judge, Priority.PER_PACKET, packets & _state(state), actions)


def _turned(direction: Direction, basis: Basis) -> Flow:
    """Judge what is allowed as no answer once more, as if it opened an association."""
    packets = _UNDECIDED & match(**{fields.DIRECTION: direction.code, fields.BASIS: basis.value})
    actions = (
        SetField(fields.DIRECTION, direction.opposite.code),
        SetField(fields.BASIS, basis.turned.value),
        SetField(fields.ASKED, 0),
        SetField(fields.COMMITTED, 1),
        Resubmit(Table.VERDICTS),
    )
    return Flow(Table.ANSWERS, Priority.NAMED, packets, actions)


def _alone(table: Table, priority: Priority, packets: Match, end: End, basis: Basis) -> Flow:
    actions = (CtClear(), *end.begin(end.opened, basis), Resubmit(Table.JUDGE))
    return Flow(table, priority, packets, actions)


def _state(more: str) -> Match:
    return match(ct_state=ct_state(f"+trk-inv{more}"))
