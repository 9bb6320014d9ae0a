"""ADMIT and PASS: enter an admitted connection into the tracker, then go on where this end leads.

The commit stores the label that was current when the packet was judged and the mark of the rule
that admitted it; then the packet is looked up in LABEL again.  A packet that is related to a
connection, or judged for itself, passes uncommitted.  What has no verdict is dropped here.

A fragment passes uncommitted only if it comes from the tracker's zone of the judged port, or from
none: the tracker hands on what found no place in its batch with whatever packet comes next, and it
would be judged in that one's stead.  The zone is all that tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Move, Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, ct_state, match
from damselfly.model.address import FAMILIES, Family
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import ANY_FRAGMENT, IP_OF, WHOLE
from damselfly.pipeline.sides import ENDS, PER_PACKET, Basis
from damselfly.pipeline.view import HostView, LocalPort

from .labels import commit

_ALLOWED = match(**{fields.VERDICT: 1})
_FOR_ITSELF = _ALLOWED & match(**{fields.BASIS: PER_PACKET})
_TRACKED = _ALLOWED & match(**{fields.BASIS: Basis.CONNECTION})
_RELATED = _TRACKED & match(ct_state=ct_state("+trk-inv+rel"))
_CONNECTION = _TRACKED & match(ct_state=ct_state("+trk-inv-rel"))
_ONWARD = (Resubmit(Table.PASS),)


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    entered = commit(Move(fields.RULE, "ct_mark"))
    for family in FAMILIES:
        yield Flow(Table.ADMIT, Priority.NAMED, _CONNECTION & IP_OF[family], entered)
        for uncommitted in (_FOR_ITSELF, _RELATED):
            whole = uncommitted & IP_OF[family] & match(nw_frag=WHOLE)
            yield Flow(Table.ADMIT, Priority.NAMED, whole, _ONWARD)
        untracked = _FOR_ITSELF & _pieces(family) & match(ct_state=ct_state("-trk"))
        yield Flow(Table.ADMIT, Priority.GENERAL, untracked, _ONWARD)
    for end in ENDS:
        here = match(**{fields.END: end.code})
        yield Flow(Table.PASS, Priority.NAMED, here, (Resubmit(end.onward),))


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """Let fragments pass uncommitted that were tracked for this very port."""
    if not local.is_tracked:
        return
    own = _ALLOWED & match(**{fields.JUDGED: local.key}, ct_zone=local.key)
    for family in FAMILIES:
        yield Flow(Table.ADMIT, Priority.GENERAL, own & _pieces(family), _ONWARD)


def _pieces(family: Family) -> Match:
    return IP_OF[family] & match(nw_frag=ANY_FRAGMENT)
