"""ADMIT and PASS: enter an admitted connection into the tracker, then go on where this end leads.

The commit stores the label that was current when the packet was judged and the mark of the rule
that admitted it; then the packet is looked up in LABEL again.  A packet that is related to a
connection, or judged for itself, passes uncommitted.  What has no verdict is dropped here.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Move, Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import ct_state, match
from damselfly.model.address import FAMILIES
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import IP_OF
from damselfly.pipeline.sides import ENDS, PER_PACKET, Basis

from .labels import commit

_ALLOWED = match(**{fields.VERDICT: 1})
_FOR_ITSELF = _ALLOWED & match(**{fields.BASIS: PER_PACKET})
_TRACKED = _ALLOWED & match(**{fields.BASIS: Basis.CONNECTION})
_RELATED = _TRACKED & match(ct_state=ct_state("+trk-inv+rel"))
_CONNECTION = _TRACKED & match(ct_state=ct_state("+trk-inv-rel"))


def static_flows() -> Iterator[Flow]:
    """State all flows of both tables."""
    onward = Resubmit(Table.PASS)
    for uncommitted in (_FOR_ITSELF, _RELATED):
        yield Flow(Table.ADMIT, Priority.NAMED, uncommitted, (onward,))
    entered = commit(Move(fields.RULE, "ct_mark"))
    for family in FAMILIES:
        yield Flow(Table.ADMIT, Priority.NAMED, _CONNECTION & IP_OF[family], entered)
    for end in ENDS:
        here = match(**{fields.END: end.code})
        yield Flow(Table.PASS, Priority.NAMED, here, (Resubmit(end.onward),))
