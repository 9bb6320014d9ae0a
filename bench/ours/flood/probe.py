"""Single packets from one machine to another, and how long each took from card to card."""

from __future__ import annotations

import socket
import struct
import time
from typing import NamedTuple

from bench.ours.field import raw_socket
from bench.ours.frames import UDP, Ends, frame
from bench.report import percentile
from lab.vm import VM

_SO_TIMESTAMPNS = 35
_LOST = 1.0
"""Seconds after which a packet counts as lost."""
_TIME = struct.Struct("qq")
_FIRST_SOURCE = 30_000


class Delays(NamedTuple):
    """The delays of many packets, in milliseconds; of those that were lost, only how many."""

    arrived: list[float]
    lost: int

    def __add__(self, other: object) -> Delays:
        """Take two measurements together."""
        assert isinstance(other, Delays)
        return Delays(self.arrived + other.arrived, self.lost + other.lost)

    def percentile(self, share: float) -> float:
        """Return a percentile of the packets that arrived."""
        return percentile(self.arrived, share) if self.arrived else float("nan")

    @property
    def loss(self) -> float:
        """The share of packets that were lost, in percent."""
        return 100 * self.lost / max(1, self.lost + len(self.arrived))


class Probe:
    """A well-behaved client: one datagram at a time, each of a connection of its own."""

    def __init__(self, sender: VM, receiver: VM, ends: Ends, source: int) -> None:
        self._output, self._arriving = raw_socket(sender), raw_socket(receiver)
        self._arriving.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._arriving.settimeout(_LOST)
        self._ends, self._source = ends, source
        self._source_port = _FIRST_SOURCE

    def close(self) -> None:
        """Close the sockets."""
        self._output.close()
        self._arriving.close()

    def send(self, port: int) -> Delays:
        """Open a connection to a port; return how long its first packet took."""
        self._source_port = _FIRST_SOURCE + (self._source_port - _FIRST_SOURCE + 1) % 30_000
        data = frame(self._ends, UDP, self._source, self._source_port, port)
        sent, end = time.time_ns(), time.monotonic() + _LOST
        self._output.send(data)
        while time.monotonic() < end:
            try:
                seen, said, _, _ = self._arriving.recvmsg(2048, 256)
            except TimeoutError:
                break
            if seen[: len(data)] == data:
                return Delays([(_stamp(said) - sent) / 1e6], 0)
        return Delays([], 1)


def _stamp(said: list[tuple[int, int, bytes]]) -> int:
    """Return when the kernel took a packet from the card, in nanoseconds (socket(7))."""
    for level, kind, data in said:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, rest = _TIME.unpack(data[: _TIME.size])
            return int(seconds * 1_000_000_000 + rest)
    raise OSError("a packet came without its time")
