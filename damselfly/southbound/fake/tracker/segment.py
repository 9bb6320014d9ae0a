"""What the tracker reads of a TCP header (RFC 9293, RFC 7323)."""

from __future__ import annotations

from typing import NamedTuple

FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
MODULUS = 1 << 32
"""Sequence numbers go round here."""
MAX_SCALE = 14


class Segment(NamedTuple):
    """What the state machine reads of a TCP packet."""

    flags: int
    sequence: int
    acknowledgement: int
    window: int
    length: int
    """Bytes of payload."""
    scale: int | None
    """Window scale option, if there is one."""

    @classmethod
    def read(cls, frame: bytes, start: int, end: int) -> Segment:
        """Read a TCP header that was found to be sound."""
        header = (frame[start + 12] >> 4) * 4
        return cls(
            flags=frame[start + 13] & 0x3F,
            sequence=int.from_bytes(frame[start + 4 : start + 8]),
            acknowledgement=int.from_bytes(frame[start + 8 : start + 12]),
            window=int.from_bytes(frame[start + 14 : start + 16]),
            length=end - start - header,
            scale=_scale(frame[start + 20 : start + header]),
        )

    @property
    def is_impossible(self) -> bool:
        """Tell whether no sound sender sets these flags together."""
        flags = self.flags
        if flags & SYN:
            if flags & (RST | FIN):
                return True
        elif not flags & (ACK | RST):
            return True
        return not flags & ACK and bool(flags & (FIN | PSH | URG))

    @property
    def may_open(self) -> bool:
        """Tell whether the packet may be the first one seen of a connection."""
        return not self.is_impossible and self.flags & (SYN | ACK) != SYN | ACK

    @property
    def end(self) -> int:
        """Sequence number behind the segment; SYN and FIN count one each."""
        extra = bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.sequence + self.length + extra) % MODULUS


def _scale(options: bytes) -> int | None:
    scale, at = None, 0
    while len(options) - at >= 3:
        kind = options[at]
        if kind == 0:
            break
        if kind == 1:
            at += 1
            continue
        if kind == 3:
            scale = min(options[at + 2], MAX_SCALE)
        at += max(options[at + 1], 2)
    return scale
