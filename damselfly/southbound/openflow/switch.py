"""The bridge's management socket as a ``Switch``."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from damselfly.errors import SwitchError, SwitchGone
from damselfly.flow.action import Action
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand
from damselfly.southbound.switch import (
    EVERYTHING,
    FlowRefused,
    FlowStats,
    MeterStats,
    PacketIn,
    Part,
)

from .codec import messages, stats
from .codec.errors import METER_EXISTS, Refusal, flow_name, raise_refusals
from .codec.packet_in import decode_packet_in, encode_resume, is_packet_in
from .codec.wire import Port, ProtocolError
from .link import Exchange, Link

_log = logging.getLogger(__name__)
_REMEMBERED = 4096
"""Flows added without waiting whose names are kept for a refusal that may come."""
_FLOWS_PER_SECOND = 1000
"""What the slowest switch is given time for."""
_Entry = TypeVar("_Entry")


class OpenFlowSwitch:
    """A bridge, over one OpenFlow connection; made by :func:`~.connecting.connect`."""

    def __init__(self, link: Link, datapath_id: int) -> None:
        self.datapath_id = datapath_id
        self.on_packet_in: Callable[[PacketIn], None] = lambda _: None
        self.on_refused: Callable[[SwitchError], None] = _report
        self.malformed = 0
        """Packets to the agent that could not be decoded."""
        self._link = link
        self._added: deque[tuple[int, Flow]] = deque(maxlen=_REMEMBERED)
        self._bundle = 0
        link.on_message = self._message
        link.on_refusal = self._refusal

    async def flows(
        self, cookie: int = 0, mask: int = 0, part: Part = EVERYTHING
    ) -> list[FlowStats]:
        """Read the flows of the bridge, or a part; with the cookie under the mask, or all."""
        request = partial(stats.flows_request, cookie=cookie, mask=mask, part=part)
        return await self._read(request, stats.decode_flows)

    async def count_flows(self, table: int | None = None) -> int:
        """Count the flows of the bridge, or of one table."""
        request = partial(stats.count_request, part=Part(table))
        return (await self._read(request, stats.decode_count))[0]

    async def meters(self) -> list[MeterBand]:
        """Read all meters of the bridge."""
        return await self._read(stats.meters_request, stats.decode_meters)

    async def meter_limit(self) -> int:
        """Return how many meters the bridge may have; 0 where its datapath has none."""
        return (await self._read(stats.meter_limit_request, stats.decode_meter_limit))[0]

    async def meter_stats(self) -> list[MeterStats]:
        """Read the counters of all meters."""
        return await self._read(stats.meter_stats_request, stats.decode_meter_stats)

    async def apply(self, delta: Delta) -> None:
        """Carry the delta out atomically and wait until the switch confirmed it.

        Raises FlowRefused if the switch refuses a flow; then it has done nothing of the delta.
        What is written meanwhile reaches the switch behind the delta.
        """
        keys = [*delta.delete, *(flow.key for flow in delta.add)]
        if not keys:
            await self.barrier()
            return
        # open, one per flow, barrier, commit
        xids = self._link.reserve(len(keys) + 3)
        self._bundle = bundle = self._bundle % 0xFFFFFFFF + 1
        self._link.write(messages.staging(delta, bundle, xids))
        seconds = len(keys) / _FLOWS_PER_SECOND
        staged = self._link.expect(xids[:-1], seconds)
        # A flow may still be refused at the commit, hence all xids.
        ended = self._link.expect(xids, self._link.patience + 2 * seconds)

        def verdict(staged: Exchange) -> bytes:
            # The switch would commit the rest of a bundle of which it refused a part.
            step = messages.BundleStep.DISCARD if staged.refusals else messages.BundleStep.COMMIT
            return messages.bundle_control(step, bundle, xids[-1])

        self._link.gate(staged, verdict)
        await ended.done
        raise_refusals([*staged.refusals, *ended.refusals], keys, xids[1])

    def add(self, flow: Flow) -> None:
        """Add one flow at once, without waiting; ``on_refused`` hears if the switch refuses it."""
        xid = self._link.reserve(1)[0]
        self._link.write(messages.flow_mod(flow, xid))
        self._added.append((xid, flow))

    def remove(self, key: FlowKey) -> None:
        """Delete one flow at once, without waiting."""
        self._link.write(messages.flow_delete(key, self._link.reserve(1)[0]))

    def resume(self, packet: PacketIn) -> None:
        """Let a paused packet go on behind the action that paused it."""
        self._link.write(encode_resume(packet, self._link.reserve(1)[0]))

    def packet_out(
        self, data: bytes, actions: Sequence[Action], in_port: int = Port.CONTROLLER
    ) -> None:
        """Have the switch carry actions out on a frame, as if it had come in by that port."""
        xid = self._link.reserve(1)[0]
        self._link.write(messages.packet_out(data, actions, in_port, xid))

    async def set_meters(self, bands: Iterable[MeterBand]) -> None:
        """Add or change meters, and wait until the switch confirmed them."""
        wanted = list(bands)
        xids = self._link.reserve(2 * len(wanted) + 1)
        parts = []
        # Whichever of the two fails, the meter is right after the other one.
        for band, first in zip(wanted, xids[::2], strict=False):
            parts.append(messages.meter_mod(messages.MeterCommand.ADD, band, first))
            parts.append(messages.meter_mod(messages.MeterCommand.MODIFY, band, first + 1))
        refusals = await self._confirm(parts, xids)
        for xid, name in refusals:
            if name != METER_EXISTS:
                band = wanted[(xid - xids[0]) // 2]
                raise SwitchError(f"the switch refused meter {band.id}: {name}")

    async def delete_meters(self, ids: Iterable[int]) -> None:
        """Delete meters; the switch deletes the flows that use them as well."""
        bands = [MeterBand(number, 0, 0) for number in ids]
        xids = self._link.reserve(len(bands) + 1)
        delete = messages.MeterCommand.DELETE
        parts = [messages.meter_mod(delete, b, xid) for b, xid in zip(bands, xids, strict=False)]
        for xid, name in await self._confirm(parts, xids):
            number = bands[xid - xids[0]].id
            raise SwitchError(f"the switch did not delete meter {number}: {name}")

    async def flush_zone(self, zone: int) -> None:
        """Forget every connection of a conntrack zone, and wait until the switch confirmed it."""
        xids = self._link.reserve(2)
        for _, name in await self._confirm([messages.flush_zone(zone, xids[0])], xids):
            raise SwitchError(f"the switch did not flush conntrack zone {zone}: {name}")

    async def barrier(self) -> None:
        """Wait until the switch has done everything written before."""
        await self._confirm([], self._link.reserve(1))

    async def gone(self) -> SwitchGone:
        """Wait until the connection is lost and return why; after ``close`` it is, too."""
        return await asyncio.shield(self._link.lost)

    async def close(self) -> None:
        """Give the connection up; flows stay."""
        self._link.finish()
        try:
            async with asyncio.timeout(self._link.patience):
                await self.gone()
        except TimeoutError:
            self._link.fail("the connection was closed, with data unsent")

    async def _read(
        self, request: Callable[[int], bytes], decode: Callable[[bytes], list[_Entry]]
    ) -> list[_Entry]:
        xids = self._link.reserve(1)
        self._link.write(request(xids[0]))
        exchange = self._link.expect(xids)
        await exchange.done
        raise_refusals(exchange.refusals, [], xids[0])
        entries: list[_Entry] = []
        for part in exchange.answers:
            entries += decode(part)
            # A long answer must not keep packets waiting.
            await asyncio.sleep(0)
        return entries

    async def _confirm(self, parts: list[bytes], xids: range) -> list[Refusal]:
        """Write requests and a barrier with the last xid; return what was refused."""
        self._link.write(b"".join([*parts, messages.barrier(xids[-1])]))
        exchange = self._link.expect(xids)
        await exchange.done
        return exchange.refusals

    def _message(self, whole: bytes) -> None:
        if not is_packet_in(whole):
            return
        try:
            packet = decode_packet_in(whole)
        except ProtocolError as error:
            self.malformed += 1
            _log.warning("a packet from the switch was dropped: %s", error)
            return
        if packet.token is not None:
            self.on_packet_in(packet)

    def _refusal(self, refusal: Refusal) -> None:
        flow = next((flow for xid, flow in self._added if xid == refusal.xid), None)
        if flow is None:
            self.on_refused(SwitchError(f"the switch refused a request: {refusal.name}"))
        else:
            reason = f"the switch refused {flow_name(flow.key)}: {refusal.name}"
            self.on_refused(FlowRefused(reason, [flow.key]))


def _report(refused: SwitchError) -> None:
    _log.warning("%s", refused)
