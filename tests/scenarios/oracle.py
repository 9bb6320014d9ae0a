"""The second oracle: who receives a packet, by the specification and the life of connections alone.

Knows no flow, label or verdict.  Each end of a connection is followed by its own tracker: the first
packet that an end admits says who opened the connection there, and everything that belongs to the
connection is judged as that packet, by the policy of now.  A stateless port has no tracker: there
every packet is judged for itself.  SCTP is told apart by hosts only: each packet is judged by its
ports, as one that opens an association or, towards the host that spoke first, as one that answers.
"""

from __future__ import annotations

from typing import NamedTuple

from damselfly.model.address import IPV4, IPV6
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, ICMPV6, SCTP, TCP, UDP
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.policy.decision import decide

from .frames import SYN_ACK, Frame

Key = tuple[int, int, int, int, int, int]
GROUP_BIT = 1 << 40
ERRORS = {IPV4: (3, 11, 12), IPV6: (1, 2, 3, 4)}
ANSWERS = {ICMP: {0: 8, 14: 13, 16: 15}, ICMPV6: {129: 128}}
OPENING = {ICMP: (8, 13, 15), ICMPV6: (128,)}


class Place(NamedTuple):
    """Where a packet of a connection is looked up, and whether it may open one."""

    forward: Key | None
    backward: Key | None
    opens: bool


class Oracle:
    """What each port's tracker knows, and what follows for the next packet."""

    def __init__(self) -> None:
        self._opened: dict[str, dict[Key, Packet]] = {}

    def forget(self, port_id: str) -> None:
        """Note that the port's tracker was emptied."""
        self._opened.pop(port_id, None)

    def receivers(self, snapshot: Snapshot, here: set[str], sender: str, frame: Frame) -> list[str]:
        """Return the ports that receive an honest frame; ``here`` are the enforced ports."""
        if sender not in here or not self._admits(snapshot, sender, Direction.EGRESS, frame):
            return []
        return [
            name
            for name in _addressed(snapshot, here, sender, frame)
            if self._admits(snapshot, name, Direction.INGRESS, frame)
        ]

    def may_hear_of(
        self, snapshot: Snapshot, here: set[str], sender: str, error: Frame, quoted: Frame
    ) -> list[str]:
        """Return the ports that may receive an ICMP error; each end must know what it quotes.

        Fewer may receive it: an error in the direction of its connection waits until the connection
        itself was judged by the policy of now.
        """
        if sender not in here or not self._relates(
            snapshot, sender, Direction.EGRESS, error, quoted
        ):
            return []
        return [
            name
            for name in _addressed(snapshot, here, sender, error)
            if self._relates(snapshot, name, Direction.INGRESS, error, quoted)
        ]

    def _relates(
        self, snapshot: Snapshot, name: str, opened: Direction, error: Frame, quoted: Frame
    ) -> bool:
        port, found = snapshot.ports[name], _place(quoted)
        if not port.port_security_enabled:
            return True
        if is_stateless(snapshot, port):
            return decide(snapshot, port, opened, error.packet).allowed
        known = self._opened.get(name, {})
        for key, direction in (
            (found and found.forward, opened.opposite),
            (found and found.backward, opened),
        ):
            if key in known:
                first = known[key]
                return first.protocol == SCTP or decide(snapshot, port, direction, first).allowed
        return False

    def _admits(self, snapshot: Snapshot, name: str, opened: Direction, frame: Frame) -> bool:
        """Tell whether an end lets the packet pass; ``opened`` governs what its sender opens."""
        port, packet = snapshot.ports[name], frame.packet
        if not port.port_security_enabled:
            return True
        if is_stateless(snapshot, port):
            return decide(snapshot, port, opened, packet).allowed
        found = _place(frame)
        if found is None:
            return _may_stand_alone(packet) and decide(snapshot, port, opened, packet).allowed
        known = self._opened.setdefault(name, {})
        if packet.protocol == SCTP:
            answers = decide(snapshot, port, opened.opposite, packet.turned()).allowed
            opens = decide(snapshot, port, opened, packet).allowed
            return self._associates(name, found, packet, opens=opens, answers=answers)
        if found.forward in known:
            return decide(snapshot, port, opened, known[found.forward]).allowed
        if found.backward in known:
            first = known[found.backward]
            return decide(snapshot, port, opened.opposite, first).allowed
        if not found.opens:
            return _may_stand_alone(packet) and decide(snapshot, port, opened, packet).allowed
        allowed = decide(snapshot, port, opened, packet).allowed
        if allowed and found.forward is not None:
            known[found.forward] = packet
        return allowed

    def _associates(
        self, name: str, found: Place, packet: Packet, *, opens: bool, answers: bool
    ) -> bool:
        """Tell whether an SCTP packet passes; only what goes to whom spoke first can answer."""
        assert found.forward is not None
        known = self._opened[name]
        if found.backward in known:
            return opens or answers
        if opens:
            known.setdefault(found.forward, packet)
        return opens


def is_stateless(snapshot: Snapshot, port: Port) -> bool:
    """Tell whether all the groups that a port wears are stateless, and there is one."""
    return _kinds(snapshot, port) == {False}


def is_mixed(snapshot: Snapshot, port: Port) -> bool:
    """Tell whether a port wears groups of both kinds, so that it is closed."""
    return _kinds(snapshot, port) == {False, True}


def _kinds(snapshot: Snapshot, port: Port) -> set[bool]:
    worn = [snapshot.groups.get(name) for name in port.security_groups]
    return {group.stateful for group in worn if group is not None}


def _addressed(snapshot: Snapshot, here: set[str], sender: str, frame: Frame) -> list[str]:
    """Return whom a frame is for: the owner of its MAC, or everybody on the network.

    A MAC that is nobody's here may be behind any port without port security.
    """
    network, mac = snapshot.ports[sender].network_id, frame.destination_mac
    near = {name: port for name, port in snapshot.ports.items() if name in here}
    near = {name: port for name, port in near.items() if port.network_id == network}
    nobodys = not any(port.mac == mac for port in near.values())
    return sorted(
        name
        for name, port in near.items()
        if name != sender
        and (mac & GROUP_BIT or port.mac == mac or (nobodys and not port.port_security_enabled))
    )


def _place(frame: Frame) -> Place | None:
    """Return where to look a packet up; None where it can only be judged for itself."""
    p = frame.packet
    ends = p.family.version, p.protocol
    if p.protocol == p.family.icmp:
        return _icmp_place(p)
    if p.family is IPV4 and p.protocol == 0:
        return None
    ports = (p.tp_src, p.tp_dst) if p.protocol in (TCP, UDP) else (0, 0)
    forward = (*ends, p.source, p.destination, *ports)
    backward = (*ends, p.destination, p.source, *ports[::-1])
    return Place(forward, backward, opens=not (p.protocol == TCP and frame.flags == SYN_ACK))


def _icmp_place(p: Packet) -> Place | None:
    number = p.protocol
    if p.tp_dst == 0 and p.tp_src in OPENING[number]:
        key = p.family.version, number, p.source, p.destination, p.tp_src, 0
        return Place(key, None, opens=True)
    if p.tp_dst == 0 and p.tp_src in ANSWERS[number]:
        asked = ANSWERS[number][p.tp_src]
        key = p.family.version, number, p.destination, p.source, asked, 0
        return Place(None, key, opens=False)
    return None


def _may_stand_alone(p: Packet) -> bool:
    """Tell whether a packet that no tracker can follow is judged at all."""
    if p.protocol == p.family.icmp:
        return p.tp_src not in ERRORS[p.family]
    return p.family is IPV4 and p.protocol == 0
