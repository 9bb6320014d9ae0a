"""Many packets judged by one policy: the specification's answers, from compiled rules."""

from __future__ import annotations

from damselfly.model.direction import Direction
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.policy.decision import why_closed
from damselfly.policy.explain import explain
from damselfly.policy.policies import Policies


class Judge:
    """Judges very many packets by one policy, as :func:`~damselfly.policy.decision.decide` does."""

    def __init__(self, view: Snapshot) -> None:
        self.view = view
        self._policies = Policies(view)
        self._denials: dict[tuple[object, ...], str] = {}

    def admits(self, port: Port, direction: Direction, packet: Packet) -> bool:
        """Tell whether the port's rules admit the packet."""
        if why_closed(self.view, port) is not None:
            return False
        if not port.port_security_enabled:
            return True
        book = self._policies.book(port.security_groups, direction, packet.family)
        return book.judge(packet).allowed

    def denial(self, port: Port, direction: Direction, packet: Packet) -> str:
        """Say why the port's rules do not admit the packet; it is the same for all of a kind."""
        kind = (port.id, direction, packet.family)
        if kind not in self._denials:
            self._denials[kind] = explain(self.view, port, direction, packet).because
        return self._denials[kind]
