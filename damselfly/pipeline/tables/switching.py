"""L2 and L3: which local port shall receive the frame.

Unicast goes to the ports that the model says may have the MAC; nothing is learnt.  A MAC that is
nobody's may be behind a port without port security, a bridge or a router: all of those on the
network get the frame, and no port with port security ever does.  Broadcast and multicast go to
every local port of the network, each through its own rules.  L3 keeps the blueprint's place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

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
    """State what concerns several ports: broadcast, and MACs that they share or nobody has.

    A MAC of an allowed address pair leads to every port that may use it, since only they know who
    does at the moment.
    """
    here = view.on_network(network_id)
    network = match(**{fields.NETWORK: network_number(network_id)})
    unsecured = [local for local in here if not local.port.port_security_enabled]
    if unsecured:
        yield _copies(network, unsecured, Priority.GENERAL)
    if here:
        yield _copies(network & match(dl_dst=MULTICAST), here)
    for mac, users in sorted(_shared_macs(here).items()):
        yield _copies(network & match(dl_dst=mac), users)


def _shared_macs(here: Collection[LocalPort]) -> dict[int, list[LocalPort]]:
    """Return who may use each MAC that is nobody's own."""
    own = {local.port.mac for local in here}
    users: dict[int, list[LocalPort]] = {}
    for local in here:
        for mac in {pair.mac for pair in local.port.allowed_address_pairs} - own:
            if mac is not None:
                users.setdefault(mac, []).append(local)
    return users


def _copies(
    frames: Match, receivers: Collection[LocalPort], priority: Priority = Priority.NAMED
) -> Flow:
    """Lead frames to several ports; a tracked one gets a copy of its own from the tracker.

    Untracked ones come last: where the agent is asked about one, what comes behind it waits.
    """
    ordered = sorted(receivers, key=lambda local: not local.is_tracked)
    actions = tuple(action for local in ordered for action in _towards(local))
    return Flow(Table.L2, priority, frames, actions)


def _towards(local: LocalPort) -> tuple[Action, ...]:
    return (SetField(fields.DESTINATION, local.key), Resubmit(Table.L3))
