"""What the agent needs of a switch; the OpenFlow connection and the fake both provide it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from damselfly.errors import SwitchError, SwitchGone
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand
from damselfly.flow.match import Match


class FlowRefused(SwitchError):
    """The switch refused flows; where they came in one delta, it took nothing of that delta."""

    def __init__(self, reason: str, flows: Iterable[FlowKey]) -> None:
        super().__init__(reason)
        self.flows = tuple(flows)


@dataclass(frozen=True, slots=True)
class PacketIn:
    """A paused packet, as the switch handed it over."""

    table: int
    """Open vSwitch says 0 for a paused packet; the cookie tells the flow."""
    cookie: int
    """Of the flow that paused it."""
    userdata: bytes
    metadata: Mapping[str, int]
    """Registers, ``ct_*`` and ``in_port`` by field name; an absent field is 0 (or has no value)."""
    data: bytes
    """The frame."""
    token: object = field(repr=False, default=None)
    """What :meth:`Switch.resume` needs to let it go on."""


@dataclass(frozen=True, slots=True)
class FlowStats:
    """A flow as the switch holds it, with its counters."""

    flow: Flow
    packets: int
    bytes: int


@dataclass(frozen=True, slots=True)
class MeterStats:
    """A meter's counters."""

    id: int
    packets_in: int
    dropped: int


class Part(NamedTuple):
    """A part of a bridge's flows: those of one table, or all, whose match is within this one."""

    table: int | None = None
    within: Match = Match()


EVERYTHING = Part()


class Switch(Protocol):
    """An ordered connection to one bridge.

    Every method that writes does so before it returns or awaits: what was called first reaches
    the switch first.  Errors of the switch raise ``SwitchError``; a lost connection raises
    ``SwitchGone`` from everything that waits.
    """

    on_packet_in: Callable[[PacketIn], None]
    """Called for each paused packet, between reads; must not block."""
    on_refused: Callable[[SwitchError], None]
    """Called when the switch refuses what nobody waits for: an added flow, a resumed packet."""

    async def flows(
        self, cookie: int = 0, mask: int = 0, part: Part = EVERYTHING
    ) -> list[FlowStats]:
        """Read the flows of the bridge, or a part of them; with the cookie under the mask, or all.

        What is read is what the switch held when it saw the request: behind all that was written
        before, and ahead of all that is written later.
        """

    async def count_flows(self, table: int | None = None) -> int:
        """Count the flows of the bridge, or of one table."""

    async def meters(self) -> list[MeterBand]:
        """Read all meters of the bridge."""

    async def meter_limit(self) -> int:
        """Return how many meters the bridge may have; 0 where its datapath has none."""

    async def meter_stats(self) -> list[MeterStats]:
        """Read the counters of all meters."""

    async def apply(self, delta: Delta) -> None:
        """Carry the delta out atomically (one bundle) and wait until the switch confirmed it."""

    def add(self, flow: Flow) -> None:
        """Add one flow at once, without waiting."""

    def remove(self, key: FlowKey) -> None:
        """Delete one flow at once, without waiting."""

    def resume(self, packet: PacketIn) -> None:
        """Let a paused packet go on behind the action that paused it."""

    async def set_meters(self, bands: Iterable[MeterBand]) -> None:
        """Add or change meters, and wait until the switch confirmed them."""

    async def delete_meters(self, ids: Iterable[int]) -> None:
        """Delete meters; the switch deletes the flows that use them as well."""

    async def flush_zone(self, zone: int) -> None:
        """Forget every connection of a conntrack zone, and wait until the switch confirmed it."""

    async def barrier(self) -> None:
        """Wait until the switch has done everything written before."""

    async def gone(self) -> SwitchGone:
        """Wait until the connection is lost, and return why."""

    async def close(self) -> None:
        """Give the connection up; flows stay."""
