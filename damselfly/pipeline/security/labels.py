"""LABEL and JUDGE: connections that carry the label of the policy in force, and all others.

LABEL has three flows a port and direction.  A connection with the current label passes at once,
unless the tracker cannot tell it from others (:mod:`.per_packet`).  Any other goes to JUDGE with
the current label at hand: judged again by the same verdicts, and, where it is still allowed,
committed with that label.  A revocation is therefore a change of these flows, and no connection is
ever searched for.

What was committed comes back here and passes by its new label, never behind the commit itself: the
tracker may hand on more than it was given (fragments that have waited too long, of anybody's
datagram, are let go with whatever packet is tracked next), or fail to commit.

A port that is closed has no flow here, so nothing of it passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Action, Conntrack, Move, Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, match
from damselfly.model.address import FAMILIES
from damselfly.model.direction import Direction
from damselfly.pipeline import fields
from damselfly.pipeline.digest import port_digest
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import IP_OF, LATER_FRAGMENT
from damselfly.pipeline.sides import PER_PACKET, Basis
from damselfly.pipeline.view import HostView, LocalPort

_LATER = match(
    **{fields.BASIS: Basis.CONNECTION}, ct_state=ct_state("+trk-rel-inv"), nw_frag=LATER_FRAGMENT
)
_WITHOUT_TUPLE = match(ct_state=ct_state("+trk+rel-rpl-inv"))


def static_flows() -> Iterator[Flow]:
    """State how a connection without the current label is judged.

    A later fragment has no ports to be judged by, not even those of its connection.  It is
    committed unjudged, which is sound because the tracker lets no fragment of a datagram out of a
    commit before the first fragment has come to the same commit, and that one is judged
    (ovs-fields(7), "IP Fragment").  An ICMP error in the direction of its connection has no
    original tuple: it waits until the connection itself was judged again.
    """
    for family in FAMILIES:
        yield Flow(Table.JUDGE, Priority.BAN, _LATER & IP_OF[family], commit())
    yield Flow(Table.JUDGE, Priority.NAMED, _WITHOUT_TUPLE)
    judge = (SetField(fields.VERDICT, 0), Resubmit(Table.VERDICTS), Resubmit(Table.ADMIT))
    yield Flow(Table.JUDGE, Priority.DEFAULT, Match(), judge)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State the port's current label in each direction; the cookie says what it stands for."""
    if not local.is_tracked:
        return
    cookie = port_digest(local.port)
    for direction in Direction:
        label = view.labels[local.key, direction]
        asked = match(**{fields.JUDGED: local.key, fields.DIRECTION: direction.code})
        current = asked & match(ct_label=label, ct_state=ct_state("+trk-inv"))
        connection = current & match(**{fields.BASIS: Basis.CONNECTION})
        yield Flow(Table.LABEL, Priority.NAMED, connection, (Resubmit(Table.PASS),), cookie)
        known = (SetField(fields.COMMITTED, 1), Resubmit(Table.JUDGE))
        packet = current & match(**{fields.BASIS: PER_PACKET})
        yield Flow(Table.LABEL, Priority.NAMED, packet, known, cookie)
        again = (SetField(fields.LABEL, label), Resubmit(Table.JUDGE))
        other = asked & match(**{fields.COMMITTED: 0})
        yield Flow(Table.LABEL, Priority.GENERAL, other, again, cookie)


def commit(*stored: Move) -> tuple[Action, ...]:
    """Return the actions that enter a connection with its label and what else is to be stored."""
    sets = (Move(fields.LABEL, "ct_label"), *stored)
    entered = Conntrack(zone=fields.JUDGED, table=Table.LABEL, commit=True, sets=sets)
    return (SetField(fields.COMMITTED, 1), entered)


def labels_in(flows: Iterator[Flow]) -> Iterator[tuple[int, Direction, int, int]]:
    """Read back (port key, direction, label, cookie) from the flows that a switch holds."""
    for flow in flows:
        key, code = flow.match.term(fields.JUDGED), flow.match.term(fields.DIRECTION)
        label = flow.match.term("ct_label")
        if flow.table == Table.LABEL and key and code and label:
            yield key.value, Direction.from_code(code.value), label.value, flow.cookie
