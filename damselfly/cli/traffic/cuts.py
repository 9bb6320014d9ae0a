"""Which live connections a change of policy would end: told without asking any switch.

The packet that opened a connection is judged at this end by the policy as it is and as it would
be.  What the policy denies already is not counted: the change does not end it.  Nor is what the
tracker cannot tell apart (SCTP): nobody knows which ports are in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from damselfly.model.address import address_text
from damselfly.model.direction import Direction
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import is_stateful
from damselfly.pipeline.security.built_in import owns

from .judge import Judge
from .live import Live, Standing


class Cut(NamedTuple):
    """A connection that would end, and why."""

    end: Live
    because: str


def cuts(found: Iterable[Live], now: Snapshot, planned: Snapshot) -> Iterator[Cut]:
    """Yield the ends at which connections are allowed now and would not be any more."""
    today, then = Judge(now), Judge(planned)
    for end in found:
        if end.standing is Standing.PER_PACKET:
            continue
        if today.admits(end.port, end.direction, end.entry.packet):
            because = _why(end, then)
            if because is not None:
                yield Cut(end, because)


def _why(end: Live, then: Judge) -> str | None:
    port, packet = then.view.ports.get(end.port.id), end.entry.packet
    if port is None:
        return f"port {end.port.id} is gone"
    if port.network_id != end.port.network_id:
        return f"the port moves to network {port.network_id}"
    if not then.admits(port, end.direction, packet):
        return then.denial(port, end.direction, packet)
    if is_stateful(then.view, port):
        return _lost_address(end, port)
    answer = (port, end.direction.opposite, packet.turned())
    if then.admits(*answer):
        return _lost_address(end, port)
    return f"its groups are stateless, and of its answers: {then.denial(*answer)}"


def _lost_address(end: Live, port: Port) -> str | None:
    """Say that the port would have lost its address in the connection, if so."""
    packet = end.entry.packet
    own = packet.source if end.direction is Direction.EGRESS else packet.destination
    if not port.port_security_enabled or not owns(end.port, packet.family, own):
        return None
    if owns(port, packet.family, own):
        return None
    return f"{address_text(packet.family, own)} is no address of the port any more"
