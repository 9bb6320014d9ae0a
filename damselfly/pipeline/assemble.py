"""Everything that the switch should hold, in units that change together.

A unit is the fixed part, one port, its labels, one network or one group.  The agent recomputes the
units that a change concerns; the result depends on the view only, never on the order in which it
came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, auto
from typing import NamedTuple

from damselfly.flow.flow import Flow, MeterBand
from damselfly.model.direction import Direction

from . import ledger
from .layout import fragment_meter
from .ledger import Entry, LedgerKey
from .needs import FIXED
from .security import (
    admission,
    egress,
    forwarding,
    ingress,
    labels,
    neighbours,
    per_packet,
    verdicts,
)
from .tables import classify, fragments, output, services, switching, tracking
from .view import HostView, LocalPort

_STATIC = (
    classify, ingress, neighbours, services, tracking, forwarding, switching, labels, verdicts,
    per_packet, admission, egress,
)  # fmt: skip
_PER_PORT = (
    classify, ingress, neighbours, fragments, tracking, switching, per_packet, verdicts, admission,
    output,
)  # fmt: skip
_PER_NETWORK = (services, tracking, switching)


class Kind(IntEnum):
    """What a unit is about; a number, because units are looked up all the time."""

    STATIC = auto()
    PORT = auto()
    """Who a port is: where it is plugged in, what it may send."""
    NAMED = auto()
    """What the rules of a port's groups name and must not be dropped unjudged."""
    LABELS = auto()
    """A port's labels; they change far more often than all else."""
    NETWORK = auto()
    RULES = auto()
    MEMBERS = auto()
    ADDRESSES = auto()


OF_PORTS = (Kind.PORT, Kind.NAMED, Kind.LABELS)
"""What there is one of for each port."""


class Unit(NamedTuple):
    """A part of the flows that is recomputed as a whole."""

    kind: Kind
    name: str = ""
    """Id of the port, network or group."""


def units(view: HostView) -> Iterator[Unit]:
    """Yield all units of the view; without a port that can be enforced, perhaps none."""
    if not view.lacks & FIXED:
        yield Unit(Kind.STATIC)
    for port_id in view.local:
        for kind in OF_PORTS:
            yield Unit(kind, port_id)
    for network_id in {local.port.network_id for local in view.local.values()}:
        yield Unit(Kind.NETWORK, network_id)
    for group_id, entry in ledger.needed(view.snapshot, view.worn()):
        yield Unit(_LEDGER_KINDS[entry], group_id)


def unit_flows(view: HostView, unit: Unit) -> Iterator[Flow]:
    """State the flows of one unit; a port or network that is not here has none."""
    entry = _LEDGER_ENTRIES.get(unit.kind)
    if entry is not None:
        return iter((ledger.entry_flow(view.snapshot, LedgerKey(unit.name, entry)),))
    return _FLOWS[unit.kind](view, unit.name)


def unit_inputs(view: HostView, unit: Unit) -> tuple[object, ...]:
    """Return what the unit's flows are computed from; equal inputs give equal flows."""
    if unit.kind in OF_PORTS:
        return _port_inputs(view, unit.kind, view.local[unit.name])
    if unit.kind is Kind.NETWORK:
        subnets = sorted(view.snapshot.subnets_on.get(unit.name, ()))
        return (*view.on_network(unit.name), *(view.snapshot.subnets[name] for name in subnets))
    if unit.kind is Kind.STATIC:
        return ()
    return ledger.inputs(view.snapshot, LedgerKey(unit.name, _LEDGER_ENTRIES[unit.kind]))


def _port_inputs(view: HostView, kind: Kind, local: LocalPort) -> tuple[object, ...]:
    if kind is Kind.LABELS:
        return (local, *(view.labels.get((local.key, direction)) for direction in _DIRECTIONS))
    if kind is Kind.NAMED:
        worn = map(view.snapshot.groups.get, local.port.security_groups)
        return (local, *(group.icmp_types for group in worn if group is not None))
    return (local,)


def assemble(view: HostView) -> Iterator[Flow]:
    """State every flow of the view, verdicts apart: those come with traffic."""
    for unit in units(view):
        yield from unit_flows(view, unit)


class Rates(NamedTuple):
    """What one port's meters let pass: packets per second, and how many may come at once."""

    asked: int
    """About which the agent is asked."""
    asked_burst: int
    fragments: int
    """Pieces of datagrams that enter the tracker."""
    fragment_burst: int


def meters(view: HostView, rates: Rates) -> Iterator[MeterBand]:
    """State the meters of each local port."""
    for local in view.local.values():
        yield MeterBand(local.key, rates.asked, rates.asked_burst)
        yield MeterBand(fragment_meter(local.key), rates.fragments, rates.fragment_burst)


def _static(_view: HostView, _name: str) -> Iterator[Flow]:
    for module in _STATIC:
        yield from module.static_flows()


def _port(view: HostView, port_id: str) -> Iterator[Flow]:
    local = view.local.get(port_id)
    if local is not None:
        for part in _PER_PORT:
            yield from part.port_flows(view, local)


def _named(view: HostView, port_id: str) -> Iterator[Flow]:
    local = view.local.get(port_id)
    return iter(()) if local is None else forwarding.port_flows(view, local)


def _labels(view: HostView, port_id: str) -> Iterator[Flow]:
    local = view.local.get(port_id)
    return iter(()) if local is None else labels.port_flows(view, local)


def _network(view: HostView, network_id: str) -> Iterator[Flow]:
    for part in _PER_NETWORK:
        yield from part.network_flows(view, network_id)


_FLOWS = {
    Kind.STATIC: _static,
    Kind.PORT: _port,
    Kind.NAMED: _named,
    Kind.LABELS: _labels,
    Kind.NETWORK: _network,
}
_DIRECTIONS = tuple(Direction)
_LEDGER_KINDS = {
    Entry.RULES: Kind.RULES,
    Entry.MEMBERS: Kind.MEMBERS,
    Entry.ADDRESSES: Kind.ADDRESSES,
}
_LEDGER_ENTRIES = {kind: entry for entry, kind in _LEDGER_KINDS.items()}
