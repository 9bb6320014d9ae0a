"""CLASSIFY: who sent the frame.

Writes the sender's key and network into registers, from the port the frame came in by; nothing in
the frame itself is believed.  Frames of unknown interfaces, and VLAN-tagged ones, end here.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Dropped, Priority, Table
from damselfly.pipeline.view import HostView, LocalPort

TAGGED = (0x1000, 0x1000)
"""``vlan_tci`` of any frame with a VLAN header (ovs-fields(7))."""


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    tagged = match(vlan_tci=TAGGED)
    yield Flow(Table.CLASSIFY, Priority.BAN, tagged, cookie=Dropped.VLAN.cookie)
    # Above the flow that Open vSwitch itself adds to a bridge whose fail_mode is not secure.
    stranger = Dropped.INTERFACE.cookie
    yield Flow(Table.CLASSIFY, Priority.REFUSED, Match(), cookie=stranger)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State the flow that recognises a local port's frames."""
    yield Flow(
        Table.CLASSIFY,
        Priority.NAMED,
        match(in_port=local.ofport),
        (
            SetField(fields.SOURCE, local.key),
            SetField(fields.NETWORK, local.network),
            Resubmit(Table.INGRESS_SECURITY),
        ),
    )
