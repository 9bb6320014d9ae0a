"""The headers by which a connection is judged."""

from __future__ import annotations

from typing import NamedTuple

from .address import Family, address_text
from .direction import Direction


class Packet(NamedTuple):
    """The packet that opened a connection, or stands for itself where nothing is tracked.

    As in Open vSwitch's original tuple, an ICMP packet has its type in ``tp_src`` and its code in
    ``tp_dst``; a protocol without ports has 0 in both.
    """

    family: Family
    protocol: int
    source: int
    destination: int
    tp_src: int = 0
    tp_dst: int = 0
    fragment: bool = False
    """A piece of a datagram that nobody puts together: ``tp_*`` are hidden, and 0 here."""

    def remote(self, direction: Direction) -> int:
        """Return the address of the far end, for a port that judges it in that direction."""
        return self.source if direction is Direction.INGRESS else self.destination

    def turned(self) -> Packet:
        """Return the packet that this one answers, if it is an answer."""
        ends = (self.destination, self.source, self.tp_dst, self.tp_src)
        return Packet(self.family, self.protocol, *ends, self.fragment)

    def __str__(self) -> str:
        """Spell the packet for messages."""
        source = address_text(self.family, self.source)
        destination = address_text(self.family, self.destination)
        carried = "a fragment" if self.fragment else f"{self.tp_src} > {self.tp_dst}"
        return f"{source} > {destination} protocol {self.protocol} {carried}"
