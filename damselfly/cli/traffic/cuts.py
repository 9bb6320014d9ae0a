"""Which live connections a change of policy would end: told without asking any switch.

The packet that opened a connection is judged at this end by the policy as it is and as it would
be.  What the policy denies already is not counted: the change does not end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from damselfly.model.address import address_text
from damselfly.model.direction import Direction
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline.security.built_in import owns
from damselfly.policy.decision import decide
from damselfly.policy.explain import explain

from .live import Live


class Cut(NamedTuple):
    """A connection that would end, and why."""

    end: Live
    because: str


def cuts(found: Iterable[Live], now: Snapshot, planned: Snapshot) -> Iterator[Cut]:
    """Yield the ends at which connections are allowed now and would not be any more."""
    for end in found:
        if not decide(now, end.port, end.direction, end.entry.packet).allowed:
            continue
        because = _why(end, planned)
        if because is not None:
            yield Cut(end, because)


def _why(end: Live, planned: Snapshot) -> str | None:
    port, packet = planned.ports.get(end.port.id), end.entry.packet
    if port is None:
        return f"port {end.port.id} is gone"
    if port.network_id != end.port.network_id:
        return f"the port moves to network {port.network_id}"
    own = packet.source if end.direction is Direction.EGRESS else packet.destination
    if owns(end.port, packet.family, own) and not owns(port, packet.family, own):
        if port.port_security_enabled:
            return f"{address_text(packet.family, own)} is no address of the port any more"
        return None
    judged = explain(planned, port, end.direction, packet)
    return None if judged.decision.allowed else judged.because
