"""Verdicts, and the regions of packets for which they hold."""

from __future__ import annotations

from typing import NamedTuple

from damselfly.model.address import Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, PROTOCOL_NAMES, Rule
from damselfly.model.intervals import Block
from damselfly.model.packet import Packet


class Region(NamedTuple):
    """A product of one aligned block per field: exactly what one OpenFlow match can say.

    ``protocol`` None is every protocol; then ``tp_src`` and ``tp_dst`` are everything, because the
    switch cannot match ports without a protocol.  ``remote`` is the far end's address.  A region is
    either of fragments, whose ports nobody sees, or of whole packets.
    """

    family: Family
    protocol: int | None
    tp_src: Block
    tp_dst: Block
    remote: Block
    fragments: bool = False

    def holds(self, packet: Packet, direction: Direction) -> bool:
        """Tell whether the packet, judged in that direction, lies in the region."""
        return (
            packet.family is self.family
            and packet.fragment is self.fragments
            and self.protocol in (None, packet.protocol)
            and self.tp_src.holds(packet.tp_src)
            and self.tp_dst.holds(packet.tp_dst)
            and self.remote.holds(packet.remote(direction))
        )

    def meets(self, other: Region) -> bool:
        """Tell whether some packet lies in both regions."""
        return (
            self.family is other.family
            and self.fragments is other.fragments
            and (None in (self.protocol, other.protocol) or self.protocol == other.protocol)
            and self.tp_src.meets(other.tp_src)
            and self.tp_dst.meets(other.tp_dst)
            and self.remote.meets(other.remote)
        )

    def __str__(self) -> str:
        """Spell the region for people; fields that are free are left out."""
        words = [self.family.name]
        if self.protocol is not None:
            words.append(PROTOCOL_NAMES.get(self.protocol, f"protocol {self.protocol}"))
        names = ("type", "code") if self.protocol in ICMP_PROTOCOLS else ("source port", "port")
        for name, block in zip(names, (self.tp_src, self.tp_dst), strict=True):
            if not block.is_everything:
                first, last = block.first, block.last
                words.append(f"{name} {first}" if first == last else f"{name} {first}-{last}")
        if not self.remote.is_everything:
            prefix = Prefix(self.family, self.remote.value, self.remote.length)
            words.append(f"remote {prefix}")
        if self.fragments:
            words.append("fragments")
        return ", ".join(words)


class Verdict(NamedTuple):
    """One answer for a whole region; ``rule`` is the rule that admits it, None for a denial."""

    region: Region
    rule: Rule | None

    @property
    def allowed(self) -> bool:
        """Tell whether the region's packets may pass."""
        return self.rule is not None
