"""EGRESS_SECURITY: passes everything.

The blueprint keeps the place, since nothing is asked of a packet that both ends have admitted.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match
from damselfly.pipeline.layout import Priority, Table


def static_flows() -> Iterator[Flow]:
    """State all flows of this table."""
    onward = (Resubmit(Table.OUTPUT),)
    yield Flow(Table.EGRESS_SECURITY, Priority.DEFAULT, Match(), onward)
