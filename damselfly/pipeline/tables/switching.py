"""L2 and L3: which local port shall receive the frame.

Unicast goes to the port that the model says has the MAC; nothing is learnt.  Broadcast and
multicast go to every local port of the network, each through its own rules.  L3 keeps the
blueprint's place.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Action, Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import Match, match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.protocols import MULTICAST
from damselfly.pipeline.view import HostView, LocalPort, network_number


def static_flows() -> Iterator[Flow]:
    """State the flows that do not depend on any port."""
    yield Flow(Table.L3, Priority.DEFAULT, Match(), (Resubmit(Table.TRACK_DESTINATION),))


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State the flow that finds the port by its MAC."""
    address = match(**{fields.NETWORK: local.network}, dl_dst=local.port.mac)
    yield Flow(Table.L2, Priority.NAMED, address, _towards(local))


def network_flows(view: HostView, network_id: str) -> Iterator[Flow]:
    """State the flow that replicates broadcast and multicast within the network."""
    receivers = view.on_network(network_id)
    if receivers:
        everybody = match(**{fields.NETWORK: network_number(network_id)}, dl_dst=MULTICAST)
        copies = tuple(action for local in receivers for action in _towards(local))
        yield Flow(Table.L2, Priority.NAMED, everybody, copies)


def _towards(local: LocalPort) -> tuple[Action, ...]:
    return (SetField(fields.DESTINATION, local.key), Resubmit(Table.L3))
