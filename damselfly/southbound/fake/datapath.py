"""The forwarding half: tables, meters, tracker, and the packets that run through them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from damselfly.flow.field import CtState
from damselfly.flow.flow import MeterBand
from damselfly.southbound.switch import PacketIn

from .packet import Packet, Tracking
from .steps import Frozen, Pause, Police, Send, Step, Track, Untrack, Write
from .table import FlowTable
from .tracker import Tracker
from .translate import Translation

_MAX_RECIRCULATIONS = 6
_TUPLE_KNOWN = CtState.NEW | CtState.EST | CtState.RPL


@dataclass(slots=True)
class InstalledMeter:
    """A meter with its counters."""

    band: MeterBand
    packets: int = 0
    dropped: int = 0
    left: int | None = None
    """How many packets may still pass; None for no limit."""


@dataclass(slots=True)
class Paused:
    """What a paused packet needs to go on."""

    packet: Packet
    frozen: Frozen


class Datapath:
    """Where packets are looked up, tracked, metered and sent."""

    def __init__(self, ofports: set[int]) -> None:
        self.tables: dict[int, FlowTable] = {}
        self.meters: dict[int, InstalledMeter] = {}
        self.tracker = Tracker()
        self.paused: deque[PacketIn] = deque()
        """Packets that the agent has not been handed yet."""
        self.sent: list[tuple[int, bytes]] = []
        """What left the switch, by port, since this was last emptied."""
        self._ofports = ofports
        self._recirculations = 0

    def receive(self, packet: Packet, metadata: Mapping[str, int]) -> None:
        """Forward a packet that came in by a port."""
        frozen = Frozen({**metadata, "in_port": packet.in_port}, table=0, tracked=False)
        self._forward(packet, frozen)

    def resume(self, paused: Paused) -> None:
        """Let a paused packet go on."""
        packet = paused.packet.copy()
        packet.tracking.connection = None
        packet.origin = ()
        if not paused.frozen.tracked:
            packet.tracking = Tracking()
        self._forward(packet, paused.frozen)

    def _forward(self, packet: Packet, frozen: Frozen) -> None:
        fields = {**packet.layers.fields, **frozen.metadata}
        if frozen.tracked:
            fields.update(_tracking_fields(packet))
        translation = Translation(self.tables, fields, tracked=frozen.tracked)
        if frozen.table is None:
            translation.go_on(frozen.stack)
        else:
            translation.begin(frozen.table)
        for installed in translation.matched:
            installed.packets += 1
            installed.bytes += len(packet.data)
        self._carry_out([packet], translation.steps)

    def _carry_out(self, packets: list[Packet], steps: list[Step]) -> None:
        """Do the steps with every packet; fragments let go together go on together."""
        for step in steps:
            packets = _DO[type(step)](self, packets, step)

    def _send(self, packets: list[Packet], step: Send) -> list[Packet]:
        if step.port in self._ofports:
            self.sent.extend((step.port, packet.data) for packet in packets)
        return packets

    def _write(self, packets: list[Packet], step: Write) -> list[Packet]:
        for packet in packets:
            packet.write(step.field, step.value)
        return packets

    def _untrack(self, packets: list[Packet], step: Untrack) -> list[Packet]:
        for packet in packets:
            packet.tracking = Tracking()
        return packets

    def _police(self, packets: list[Packet], step: Police) -> list[Packet]:
        return [packet for packet in packets if self._passes(step.meter)]

    def _track(self, packets: list[Packet], step: Track) -> list[Packet]:
        packets = self.tracker.track(packets, step)
        if step.again is not None and self._recirculations < _MAX_RECIRCULATIONS:
            self._recirculations += 1
            for packet in packets:
                again = packet.copy()
                again.origin = step.again.identity
                self._forward(again, step.again)
            self._recirculations -= 1
        return packets

    def _passes(self, number: int) -> bool:
        meter = self.meters.get(number)
        if meter is None:
            return True
        meter.packets += 1
        if meter.left is None:
            return True
        if meter.left > 0:
            meter.left -= 1
            return True
        meter.dropped += 1
        return False

    def _pause(self, packets: list[Packet], step: Pause) -> list[Packet]:
        frozen = step.frozen
        for packet in packets:
            metadata = dict(frozen.metadata)
            if frozen.tracked:
                seen = _tracking_fields(packet)
                metadata.update((name, value) for name, value in seen.items() if value)
            token = Paused(packet.copy(), frozen)
            self.paused.append(
                # The real switch names table 0 too, wherever the flow is.
                PacketIn(0, step.cookie, step.userdata, metadata, packet.data, token)
            )
        return packets


def _tracking_fields(packet: Packet) -> dict[str, int]:
    tracking = packet.tracking
    if not tracking.state:
        return {}
    fields = {
        "ct_state": tracking.state,
        "ct_zone": tracking.zone,
        "ct_mark": tracking.mark,
        "ct_label": tracking.label,
    }
    # To the switch, protocol 0 means that there is no tuple.
    if tracking.state & _TUPLE_KNOWN and tracking.original.get("ct_nw_proto"):
        fields.update(tracking.original)
        if not packet.layers.has_ends:
            # A later fragment has no ports, not even those of its connection.
            del fields["ct_tp_src"], fields["ct_tp_dst"]
    return fields


_DO: dict[type[Step], Callable[..., list[Packet]]] = {
    Send: Datapath._send,
    Write: Datapath._write,
    Track: Datapath._track,
    Untrack: Datapath._untrack,
    Police: Datapath._police,
    Pause: Datapath._pause,
}
