"""The switch as its agent and its ports see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from damselfly.errors import SwitchError, SwitchGone
from damselfly.flow.action import Meter
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand
from damselfly.southbound.frame import MalformedFrame
from damselfly.southbound.switch import (
    EVERYTHING,
    FlowRefused,
    FlowStats,
    MeterStats,
    PacketIn,
    Part,
)

from .datapath import Datapath, InstalledMeter, Paused
from .packet import Packet
from .table import FlowTable
from .tracker import Connection
from .validation import check


class FakeSwitch:
    """A bridge in memory, seen from both sides.

    As a :class:`~damselfly.southbound.switch.Switch` it takes flows and hands over paused packets;
    with :meth:`inject` a test sends frames through it.
    """

    on_packet_in: Callable[[PacketIn], None]
    on_refused: Callable[[SwitchError], None]

    def __init__(self, ofports: Iterable[int] = range(1, 65)) -> None:
        """Begin without flows, meters and connections."""
        self.on_packet_in = lambda packet: None
        self.on_refused = lambda error: None
        self.ofports = set(ofports)
        """Ports that exist; what is sent to any other port is lost."""
        self.flow_mods = 0
        """How many flow-mods the switch was sent."""
        self._datapath = Datapath(self.ofports)
        self._refuse_at: int | None = None
        self._connected = True
        self._lost = asyncio.Event()
        self._delivering = False

    # Ports.

    def inject(self, ofport: int, frame: bytes, **metadata: int) -> list[tuple[int, bytes]]:
        """Receive a frame by a port; return what left the switch because of it, port by port.

        Packets that were paused are handed to ``on_packet_in`` when the frame itself is done; what
        is resumed there counts as well.  ``metadata`` are the fields a tunnel brings (``tun_id``,
        ``tun_src``).  A frame too short to be one is dropped.
        """
        datapath = self._datapath
        earlier, datapath.sent = datapath.sent, []
        with suppress(MalformedFrame):
            datapath.receive(Packet.read(frame, ofport), metadata)
        self._deliver()
        sent, datapath.sent = datapath.sent, earlier
        return sent

    def take_sent(self) -> list[tuple[int, bytes]]:
        """Return, once, what left the switch outside :meth:`inject`: packets resumed later."""
        sent, self._datapath.sent = self._datapath.sent, []
        return sent

    def connections(self) -> list[Connection]:
        """Return the tracked connections of all zones, in order."""
        return sorted(self._datapath.tracker)

    def flush_connections(self) -> None:
        """Forget all connections of all zones, as a restart of the switch does."""
        self._datapath.tracker.flush()

    # Faults.

    def disconnect(self) -> None:
        """Lose the agent's connection: flows stay, packets go on, the agent hears nothing."""
        self._connected = False
        self._lost.set()
        self._datapath.paused.clear()

    def reconnect(self) -> None:
        """Let the agent's calls through again."""
        self._connected = True
        self._lost.clear()

    def refuse_flow_mod(self, nth: int) -> None:
        """Refuse the ``nth`` flow-mod from now on (1 is the next), once."""
        self._refuse_at = self.flow_mods + nth

    def limit_meter(self, number: int, packets: int | None) -> None:
        """Let so many more packets pass a meter, then drop; None lets everything pass."""
        self._datapath.meters[number].left = packets

    # The agent's side.

    async def flows(
        self, cookie: int = 0, mask: int = 0, part: Part = EVERYTHING
    ) -> list[FlowStats]:
        """Read the flows of the bridge, or a part; with the cookie under the mask, or all."""
        self._await()
        return [
            FlowStats(each.flow, each.packets, each.bytes)
            for number, table in sorted(self._datapath.tables.items())
            if part.table in (None, number)
            for each in table
            if each.flow.cookie & mask == cookie & mask and part.within.covers(each.flow.match)
        ]

    async def count_flows(self, table: int | None = None) -> int:
        """Count the flows of the bridge, or of one table."""
        return len(await self.flows(part=Part(table)))

    async def meters(self) -> list[MeterBand]:
        """Read all meters."""
        self._await()
        return [meter.band for _, meter in sorted(self._datapath.meters.items())]

    async def meter_limit(self) -> int:
        """Return how many meters there may be."""
        return 1 << 16

    async def meter_stats(self) -> list[MeterStats]:
        """Read the counters of all meters."""
        self._await()
        return [
            MeterStats(number, meter.packets, meter.dropped)
            for number, meter in sorted(self._datapath.meters.items())
        ]

    async def apply(self, delta: Delta) -> None:
        """Carry the delta out, all of it or nothing."""
        self._await()
        first = self.flow_mods
        self.flow_mods += len(delta)
        self._refuse(first, [*delta.delete, *(flow.key for flow in delta.add)])
        for flow in delta.add:
            check(flow, self._datapath.meters)
        for key in delta.delete:
            self._delete(key)
        for flow in delta.add:
            self._table(flow.table).add(flow)

    def add(self, flow: Flow) -> None:
        """Add one flow at once; ``on_refused`` hears if it is refused."""
        if not self._connected:
            return
        self.flow_mods += 1
        try:
            self._refuse(self.flow_mods - 1, [flow.key])
            check(flow, self._datapath.meters)
        except SwitchError as error:
            self.on_refused(error)
        else:
            self._table(flow.table).add(flow)

    def remove(self, key: FlowKey) -> None:
        """Delete one flow at once."""
        if self._connected:
            self.flow_mods += 1
            self._delete(key)

    def resume(self, packet: PacketIn) -> None:
        """Let a paused packet go on behind the action that paused it."""
        if not isinstance(packet.token, Paused):
            raise SwitchError("OFPBRC_EPERM: the packet was not paused here")
        if not self._connected:
            return
        self._datapath.resume(packet.token)
        try:
            asyncio.get_running_loop().call_soon(self._deliver)
        except RuntimeError:
            self._deliver()

    async def set_meters(self, bands: Iterable[MeterBand]) -> None:
        """Add meters, or change their rates; counters of a changed meter stay."""
        self._await()
        for band in bands:
            meter = self._datapath.meters.setdefault(band.id, InstalledMeter(band))
            meter.band = band

    async def delete_meters(self, ids: Iterable[int]) -> None:
        """Delete meters, and with them the flows that use them."""
        self._await()
        gone = set(ids)
        for number in gone:
            self._datapath.meters.pop(number, None)
        for table in self._datapath.tables.values():
            for each in list(table):
                if any(isinstance(a, Meter) and a.id in gone for a in each.flow.actions):
                    table.delete(each.flow.key)

    async def flush_zone(self, zone: int) -> None:
        """Forget every connection of a zone."""
        self._await()
        self._datapath.tracker.flush(zone)

    async def barrier(self) -> None:
        """Wait for nothing: everything has been done."""
        self._await()

    async def gone(self) -> SwitchGone:
        """Wait until the connection is lost, and return why."""
        await self._lost.wait()
        return SwitchGone("the connection to the switch is lost")

    async def close(self) -> None:
        """Give the connection up; flows stay."""
        self._connected = False
        self._lost.set()

    def _await(self) -> None:
        if not self._connected:
            raise SwitchGone("the connection to the switch is lost")

    def _refuse(self, sent_before: int, keys: Sequence[FlowKey]) -> None:
        """Raise if one of these flow-mods, the latest, is the one to be refused."""
        if self._refuse_at is not None and sent_before < self._refuse_at <= self.flow_mods:
            refused = keys[self._refuse_at - sent_before - 1]
            self._refuse_at = None
            raise FlowRefused("OFPFMFC_TABLE_FULL: refused for a test", [refused])

    def _table(self, number: int) -> FlowTable:
        return self._datapath.tables.setdefault(number, FlowTable())

    def _delete(self, key: FlowKey) -> None:
        self._table(key.table).delete(key)

    def _deliver(self) -> None:
        """Hand paused packets over; those paused meanwhile wait for the one before."""
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._datapath.paused:
                packet = self._datapath.paused.popleft()
                if self._connected:
                    self.on_packet_in(packet)
        finally:
            self._delivering = False
