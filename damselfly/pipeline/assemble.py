"""Everything that the switch should hold, in units that change together.

A unit is the fixed part, one port, one network or one group.  The agent recomputes the units that a
change concerns; the result depends on the view only, never on the order in which it came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from damselfly.flow.flow import Flow, MeterBand

from . import ledger
from .security import admission, egress, forwarding, ingress, labels, neighbours, verdicts
from .tables import classify, output, services, switching, tracking
from .view import HostView

_STATIC = (
    classify, ingress, neighbours, services, tracking, forwarding, switching, labels, verdicts,
    admission, egress,
)  # fmt: skip
_PER_PORT = (
    classify, ingress, neighbours, tracking, forwarding, switching, labels, verdicts, output,
)  # fmt: skip
_PER_NETWORK = (tracking, switching)


class Kind(Enum):
    """What a unit is about."""

    STATIC = "static"
    PORT = "port"
    NETWORK = "network"
    LEDGER = "ledger"


class Unit(NamedTuple):
    """A part of the flows that is recomputed as a whole."""

    kind: Kind
    name: str = ""
    """Id of the port or network."""


def units(view: HostView) -> Iterator[Unit]:
    """Yield all units of the view."""
    yield Unit(Kind.STATIC)
    for port_id in view.local:
        yield Unit(Kind.PORT, port_id)
    for network_id in {local.port.network_id for local in view.local.values()}:
        yield Unit(Kind.NETWORK, network_id)
    yield Unit(Kind.LEDGER)


def unit_flows(view: HostView, unit: Unit) -> Iterator[Flow]:
    """State the flows of one unit; a port or network that is not here has none."""
    return _FLOWS[unit.kind](view, unit.name)


def assemble(view: HostView) -> Iterator[Flow]:
    """State every flow of the view, verdicts apart: those come with traffic."""
    for unit in units(view):
        yield from unit_flows(view, unit)


def meters(view: HostView, rate: int, burst: int) -> Iterator[MeterBand]:
    """State the meter of each local port, which bounds what it may ask the agent."""
    for local in view.local.values():
        yield MeterBand(local.key, rate, burst)


def _static(_view: HostView, _name: str) -> Iterator[Flow]:
    for module in _STATIC:
        yield from module.static_flows()


def _port(view: HostView, port_id: str) -> Iterator[Flow]:
    local = view.local.get(port_id)
    if local is not None:
        for part in _PER_PORT:
            yield from part.port_flows(view, local)


def _network(view: HostView, network_id: str) -> Iterator[Flow]:
    for part in _PER_NETWORK:
        yield from part.network_flows(view, network_id)


def _ledger(view: HostView, _name: str) -> Iterator[Flow]:
    return ledger.flows(view.snapshot, view.worn())


_FLOWS = {
    Kind.STATIC: _static,
    Kind.PORT: _port,
    Kind.NETWORK: _network,
    Kind.LEDGER: _ledger,
}
