"""The reactive path: judge a paused packet, install the verdict, let the packet go on.

Synchronous from end to end.  A verdict is given on the state that was sent last and follows it on
the same connection, so that none of an older policy can ever slip behind a newer one.  Resuming
means looking again: the tables decide, not what was thought here.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum

from damselfly.model.address import FAMILIES, Family
from damselfly.model.direction import Direction
from damselfly.model.packet import Packet
from damselfly.pipeline import fields
from damselfly.southbound.frame import MalformedFrame, parse
from damselfly.southbound.switch import PacketIn, Switch

from .enforcement import Enforcement
from .verdicts import Budgets, Judged, Remembered, remembered


class Fate(Enum):
    """What became of a packet that was paused."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DUPLICATE = "duplicate"
    """Its verdict was in force already; it was under way while that was being installed."""
    STALE = "stale"
    """Paused under an earlier incarnation of its sender."""
    CLOSED = "closed"
    """At a port that is not enforced here."""
    MALFORMED = "malformed"
    UNREMEMBERED = "unremembered"
    """Denied beyond the budget: the next one will be asked about again."""


class Reactive:
    """Answers the switch's questions."""

    def __init__(self, enforcement: Enforcement, budgets: Budgets) -> None:
        self.fates: Counter[Fate] = Counter()
        self._enforcement = enforcement
        self._budgets = budgets

    def answer(self, switch: Switch, packet_in: PacketIn) -> Fate:
        """Judge one paused packet."""
        fate = self._answer(switch, packet_in)
        self.fates[fate] += 1
        return fate

    def _answer(self, switch: Switch, packet_in: PacketIn) -> Fate:
        seen = packet_in.metadata
        sender = seen.get(fields.SOURCE, 0)
        if packet_in.userdata != self._enforcement.state.generations.get(sender):
            return Fate.STALE
        per_packet = bool(seen.get(fields.PER_PACKET, 0))
        packet = _from_frame(packet_in) if per_packet else _from_tuple(packet_in)
        if packet is None:
            return Fate.MALFORMED
        judged = (seen[fields.JUDGED], Direction.from_code(seen[fields.DIRECTION]))
        rules = self._enforcement.book(*judged, packet.family)
        if rules is None:
            return Fate.CLOSED
        entry = remembered(judged, rules.judge(packet), per_packet=per_packet)
        fate = self._install(switch, judged, entry)
        if entry.verdict.allowed:
            switch.resume(packet_in)
        return fate

    def _install(self, switch: Switch, judged: Judged, entry: Remembered) -> Fate:
        """Install a verdict that is not in force yet; a denial only within the budget."""
        verdicts = self._enforcement.verdicts
        if verdicts.has(judged, entry):
            return Fate.DUPLICATE
        if not entry.verdict.allowed and verdicts.is_full(judged, self._budgets):
            return Fate.UNREMEMBERED
        victim = verdicts.make_room(judged, self._budgets)
        if victim is not None:
            switch.remove(victim)
        verdicts.add(judged, entry)
        switch.add(entry.flow)
        return Fate.ALLOWED if entry.verdict.allowed else Fate.DENIED


def _from_tuple(packet_in: PacketIn) -> Packet | None:
    """Return the packet that opened the connection, from the tracker's original tuple."""
    seen = packet_in.metadata
    protocol = seen.get("ct_nw_proto", 0)
    if not protocol:
        return None
    for family, source, destination in _TUPLE_FIELDS:
        if source in seen or destination in seen:
            return Packet(
                family,
                protocol,
                seen.get(source, 0),
                seen.get(destination, 0),
                seen.get("ct_tp_src", 0),
                seen.get("ct_tp_dst", 0),
            )
    return None


def _from_frame(packet_in: PacketIn) -> Packet | None:
    """Return the packet as it stands in the frame."""
    try:
        seen = parse(packet_in.data)
    except MalformedFrame:
        return None
    for family, prefix, icmp in _FRAME_FIELDS:
        if seen.get("dl_type") == family.ethertype:
            return Packet(
                family,
                seen.get("nw_proto", 0),
                seen.get(f"{prefix}_src", 0),
                seen.get(f"{prefix}_dst", 0),
                seen.get(f"{icmp}_type", 0),
                seen.get(f"{icmp}_code", 0),
            )
    return None


_TUPLE_FIELDS: tuple[tuple[Family, str, str], ...] = (
    (FAMILIES[0], "ct_nw_src", "ct_nw_dst"),
    (FAMILIES[1], "ct_ipv6_src", "ct_ipv6_dst"),
)
_FRAME_FIELDS: tuple[tuple[Family, str, str], ...] = (
    (FAMILIES[0], "nw", "icmp"),
    (FAMILIES[1], "ipv6", "icmpv6"),
)
