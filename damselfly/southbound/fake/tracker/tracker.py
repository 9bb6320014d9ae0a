"""The table of connections, and what it makes of a packet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from damselfly.flow.field import CtState
from damselfly.model.address import FAMILY_BY_ETHERTYPE, address_text
from damselfly.southbound.fake.packet import Packet, Tracking
from damselfly.southbound.fake.steps import Track
from damselfly.southbound.frame.layers import ICMP, ICMPV6, IPV4, IPV6, TCP

from .fragments import Fragments
from .key import Key, Lookup, key_of
from .segment import Segment
from .tcp import TcpState, Verdict

_OPENING_TYPES = {ICMP: (8, 13, 15), ICMPV6: (128,)}
_HAS_TUPLE = CtState.NEW | CtState.EST | CtState.REL | CtState.RPL


class Connection(NamedTuple):
    """A tracked connection, as its first packet saw it."""

    zone: int
    protocol: int
    source: str
    destination: str
    tp_src: int
    """Source port; the type of an ICMP message."""
    tp_dst: int
    """Destination port; the code of an ICMP message."""
    mark: int = 0
    label: int = 0


@dataclass(slots=True)
class Entry:
    """A connection in the table."""

    zone: int
    key: Key
    tcp: TcpState | None = None
    answered: bool = False
    mark: int = 0
    label: int = 0


class Tracker:
    """Every connection of every zone, and the fragments that wait for their datagram."""

    def __init__(self) -> None:
        self._zones: dict[int, dict[Key, Entry]] = {}
        self._fragments = Fragments()

    def __iter__(self) -> Iterator[Connection]:
        """Yield every connection."""
        for zone in self._zones.values():
            yield from map(_describe, zone.values())

    def flush(self, zone: int | None = None) -> None:
        """Forget the connections of one zone, or of all; waiting fragments stay."""
        if zone is None:
            self._zones.clear()
        else:
            self._zones.pop(zone, None)

    def track(self, packets: list[Packet], step: Track) -> list[Packet]:
        """Write on each packet what it is to its connection.

        Fragments are held back until their datagram is whole, judged as one, and let go together.
        """
        released: list[Packet] = []
        for packet in packets:
            if packet.layers.fields["dl_type"] not in (IPV4, IPV6):
                released.append(packet)
                continue
            admitted = self._fragments.admit(packet, step.zone)
            if admitted is None:
                continue
            whole, parts = admitted
            self._track_whole(whole, step)
            for part in parts:
                t = whole.tracking
                part.tracking = Tracking(t.state, t.zone, t.mark, t.label, t.original)
            released.extend(parts or [whole])
        return released

    def _track_whole(self, packet: Packet, step: Track) -> None:
        tracking, entry = packet.tracking, packet.tracking.connection
        if tracking.state == CtState.INV:
            _note(tracking, step.zone, None, None)
            return
        if entry is not None and entry.zone == step.zone:
            # Already looked up in this zone: only what is stored changes.
            tracking.zone, tracking.mark, tracking.label = step.zone, entry.mark, entry.label
        else:
            found = key_of(packet.data, packet.layers)
            if found is None:
                tracking.state = CtState.INV
                _note(tracking, step.zone, None, None)
                return
            entry = self._look_up(packet, found, step)
            tracking.connection = entry
            _note(tracking, step.zone, entry, found.key)
        if entry is not None:
            _store(tracking, entry, step)

    def _look_up(self, packet: Packet, found: Lookup, step: Track) -> Entry | None:
        tracking = packet.tracking
        if tracking.zone != step.zone:
            tracking.state = 0
        zone = self._zones.setdefault(step.zone, {})
        key = found.key
        entry, reply = zone.get(key), False
        if entry is None:
            entry, reply = zone.get(key.reverse), True
        if entry is None:
            if found.related:
                tracking.state = CtState.INV
                return None
        elif found.related:
            tracking.state |= CtState.REL | (CtState.RPL if reply else 0)
            return entry
        elif _update(packet, entry, reply=reply) is not Verdict.RESTART:
            return entry
        else:
            del zone[entry.key]
        return self._open(packet, key, step)

    def _open(self, packet: Packet, key: Key, step: Track) -> Entry | None:
        segment = _segment(packet) if key.protocol == TCP else None
        if not _may_open(key, segment):
            packet.tracking.state = CtState.INV
            return None
        packet.tracking.state = CtState.NEW
        if not step.commit:
            return None
        tcp = None if segment is None else TcpState.opened_by(segment)
        entry = Entry(step.zone, key, tcp)
        self._zones[step.zone][key] = entry
        return entry


def _segment(packet: Packet) -> Segment:
    return Segment.read(packet.data, packet.layers.transport, packet.layers.end)


def _may_open(key: Key, segment: Segment | None) -> bool:
    if segment is not None:
        return segment.may_open
    return not key.is_icmp or key.ports[0] in _OPENING_TYPES[key.protocol]


def _update(packet: Packet, entry: Entry, *, reply: bool) -> Verdict:
    """Tell what the packet is to its connection, and note the state on the packet."""
    tracking = packet.tracking
    if entry.tcp is not None:
        verdict = entry.tcp.update(_segment(packet), reply=reply)
    else:
        entry.answered |= reply
        verdict = Verdict.VALID if entry.answered else Verdict.NEW
    if verdict is Verdict.VALID:
        tracking.state &= ~CtState.NEW
        tracking.state |= CtState.EST | (CtState.RPL if reply else 0)
    elif verdict is Verdict.NEW:
        tracking.state |= CtState.NEW
    elif verdict is Verdict.INVALID:
        tracking.state = CtState.INV
    return verdict


def _note(tracking: Tracking, zone: int, entry: Entry | None, key: Key | None) -> None:
    tracking.state |= CtState.TRK
    tracking.zone = zone
    tracking.mark = 0 if entry is None else entry.mark
    tracking.label = 0 if entry is None else entry.label
    original = key if entry is None else entry.key
    tracking.original = {} if original is None else _tuple(original)


def _store(tracking: Tracking, entry: Entry, step: Track) -> None:
    if step.mark is not None:
        tracking.mark = entry.mark = step.mark
    if step.label is not None:
        tracking.label = entry.label = step.label


def _tuple(key: Key) -> dict[str, int]:
    family = "nw" if key.ethertype == IPV4 else "ipv6"
    tp_src, tp_dst = key.ports
    return {
        f"ct_{family}_src": key.source,
        f"ct_{family}_dst": key.destination,
        "ct_nw_proto": key.protocol,
        "ct_tp_src": tp_src,
        "ct_tp_dst": tp_dst,
    }


def _describe(entry: Entry) -> Connection:
    key = entry.key
    family = FAMILY_BY_ETHERTYPE[key.ethertype]
    return Connection(
        entry.zone, key.protocol, address_text(family, key.source),
        address_text(family, key.destination), *key.ports, entry.mark, entry.label,
    )  # fmt: skip
