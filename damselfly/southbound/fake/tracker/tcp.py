"""The states of a TCP connection, with the window checks that tell a stray packet.

Source: Guido van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2000), which Open
vSwitch follows; the order of the checks was compared with the switch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum

from .segment import ACK, FIN, MAX_SCALE, MODULUS, RST, SYN, Segment

_ACK_SLACK = 0xFFFF + 1500


class Verdict(Enum):
    """What a packet means for the connection it was found to belong to."""

    VALID = "established"
    NEW = "still new"
    INVALID = "invalid"
    RESTART = "a new connection on the same addresses"


class State(IntEnum):
    """State of one end; the order matters."""

    CLOSED = 0
    LISTEN = 1
    SYN_SENT = 2
    SYN_RECV = 3
    ESTABLISHED = 4
    CLOSE_WAIT = 5
    FIN_WAIT_1 = 6
    CLOSING = 7
    LAST_ACK = 8
    FIN_WAIT_2 = 9
    TIME_WAIT = 10


def _gap(a: int, b: int) -> int:
    """Return a - b, where both go round at 2**32."""
    gap = (a - b) % MODULUS
    return gap - MODULUS if gap >= MODULUS // 2 else gap


@dataclass(slots=True)
class _Peer:
    """One end of the connection."""

    low: int = 0
    """Highest sequence number sent."""
    high: int = 0
    """Highest sequence number that the other end allows."""
    window: int = 0
    """Largest window seen, before scaling."""
    scale: int | None = None
    """Window scale this end announced."""
    midway: bool = False
    """The connection was picked up on its way: the scales are unknown."""
    state: State = State.CLOSED


@dataclass(slots=True)
class TcpState:
    """Both ends; index 0 is the one that opened the connection."""

    peers: tuple[_Peer, _Peer] = field(default_factory=lambda: (_Peer(), _Peer()))

    @classmethod
    def opened_by(cls, segment: Segment) -> TcpState:
        """Begin with the first packet seen."""
        self = cls()
        client, server = self.peers
        client.low = segment.sequence
        client.high = segment.sequence + segment.length + 1
        if segment.flags & SYN:
            client.high += 1
            client.scale = segment.scale
        else:
            client.midway = server.midway = True
        client.window = max(segment.window, 1)
        if client.scale:
            client.window = -(-client.window >> client.scale)
        if segment.flags & FIN:
            client.high += 1
        client.high %= MODULUS
        client.state = State.SYN_SENT
        server.high, server.window = 1, 1
        return self

    def update(self, segment: Segment, *, reply: bool) -> Verdict:
        """Take a further packet in, and say what it is."""
        source, target = self.peers[::-1] if reply else self.peers
        if segment.is_impossible:
            return Verdict.INVALID
        if segment.flags & (SYN | ACK) == SYN:
            if min(source.state, target.state) >= State.FIN_WAIT_2:
                source.state = target.state = State.CLOSED
                return Verdict.RESTART
            if source.state <= State.SYN_SENT:
                source.state = State.SYN_SENT
                return Verdict.NEW
        return _Exchange(source, target, segment).judge()


class _Exchange:
    """One packet from ``source`` to ``target``."""

    def __init__(self, source: _Peer, target: _Peer, segment: Segment) -> None:
        self.source, self.target, self.segment = source, target, segment
        self.window = segment.window
        self.ack = segment.acknowledgement
        self.checks_ack = True
        self.source_scale, self.target_scale = self._scales()

    def judge(self) -> Verdict:
        source, target, segment = self.source, self.target, self.segment
        if source.state < State.SYN_SENT:
            self._first_of_this_end()
        flags = segment.flags
        if not flags & ACK or (self.ack == 0 and flags & RST):
            self.ack = target.low
        first, end = segment.sequence, segment.end
        if first == end:
            # A packet without data need not fit exactly.
            first = end = source.low
        if self._fits(first, end):
            self._slide(end)
            self._advance()
            return Verdict.VALID
        if self._is_tolerable(first, end):
            self._slide(end)
            self._close()
            return Verdict.VALID
        return Verdict.INVALID

    def _scales(self) -> tuple[int, int]:
        source, target = self.source, self.target
        if self.segment.flags & SYN:
            return 0, 0
        if source.scale is not None and target.scale is not None:
            return source.scale, target.scale
        if source.midway and target.midway:
            return MAX_SCALE, MAX_SCALE
        return 0, 0

    def _first_of_this_end(self) -> None:
        source, target, segment = self.source, self.target, self.segment
        if segment.flags & SYN and target.scale is not None:
            source.scale, source.midway = segment.scale, False
            if source.scale is not None:
                self.source_scale, self.target_scale = source.scale, target.scale
                self.window = -(-self.window >> source.scale)
            else:
                target.window = (target.window << target.scale) & 0xFFFF
                target.scale = None
        source.low = segment.sequence
        source.state = State.SYN_SENT
        high = (segment.end + max(1, target.window << self.target_scale)) % MODULUS
        if source.high == 1 or _gap(high, source.high) >= 0:
            source.high = high
            self.checks_ack = False
        source.window = max(source.window, self.window)

    def _fits(self, first: int, end: int) -> bool:
        source, target, segment = self.source, self.target, self.segment
        skew = _gap(target.low, self.ack) if self.checks_ack else 0
        return (
            _gap(source.high, end) >= 0
            and _gap(first, source.low - (target.window << self.target_scale)) >= 0
            and -_ACK_SLACK <= skew <= _ACK_SLACK << self.source_scale
            and (not segment.flags & RST or abs(_gap(segment.sequence, source.low)) <= 1)
        )

    def _is_tolerable(self, first: int, end: int) -> bool:
        """Accept what strays around opening, picking up and closing."""
        source, target = self.source, self.target
        loose = (
            target.state < State.SYN_SENT
            or target.state >= State.FIN_WAIT_2
            or source.state >= State.FIN_WAIT_2
        )
        return (
            loose
            and _gap(source.high + _ACK_SLACK, end) >= 0
            and _gap(first, source.low - _ACK_SLACK) >= 0
        )

    def _slide(self, end: int) -> None:
        source, target = self.source, self.target
        source.window = max(source.window, self.window)
        if _gap(end, source.low) > 0:
            source.low = end
        allowed = self.window << self.source_scale
        if _gap(self.ack + allowed, target.high) >= 0:
            target.high = (self.ack + max(allowed, 1)) % MODULUS

    def _advance(self) -> None:
        target, flags = self.target, self.segment.flags
        if flags & FIN and self.source.state < State.CLOSING:
            self.source.state = State.CLOSING
        if flags & ACK:
            if target.state == State.SYN_SENT:
                target.state = State.ESTABLISHED
            elif target.state == State.CLOSING:
                target.state = State.FIN_WAIT_2
        if flags & RST:
            self.source.state = target.state = State.TIME_WAIT

    def _close(self) -> None:
        if self.segment.flags & FIN and self.source.state < State.CLOSING:
            self.source.state = State.CLOSING
        if self.segment.flags & RST:
            self.source.state = self.target.state = State.TIME_WAIT
