"""A switch in memory with the flows of a real one, and the answers that its agent would give."""

from __future__ import annotations

from collections.abc import Iterable

from damselfly.agent.enforcement import OURS, Enforcement
from damselfly.agent.reactive import Fate, Reactive
from damselfly.agent.verdicts import Budgets
from damselfly.errors import SwitchError
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand
from damselfly.flow.text import format_flow
from damselfly.southbound.fake import FakeSwitch
from damselfly.southbound.switch import PacketIn

_ANSWERED = (Fate.ALLOWED, Fate.DENIED, Fate.UNREMEMBERED)


class Copy:
    """Flows read from a switch, without anything that packets have left there."""

    def __init__(self, enforcement: Enforcement) -> None:
        """``enforcement`` answers what the flows ask, as the agent's does."""
        view = enforcement.state.view
        self.strange: list[str] = []
        """Flows that cannot be run here; no flow of ours is such."""
        self._switch = FakeSwitch(local.ofport for local in view.local.values())
        self._reactive = Reactive(enforcement, Budgets())
        self._switch.on_packet_in = self._answer

    @property
    def asked(self) -> int:
        """How many packets no verdict of the switch covered."""
        fates = self._reactive.fates
        return sum(fates[fate] for fate in _ANSWERED)

    async def fill(self, flows: Iterable[Flow], meters: Iterable[MeterBand]) -> None:
        """Take over what a switch holds in our tables."""
        await self._switch.set_meters(meters)
        for flow in flows:
            if flow.table in OURS:
                try:
                    await self._switch.apply(Delta((flow,)))
                except SwitchError:
                    self.strange.append(format_flow(flow))

    def forget_connections(self) -> None:
        """Have the next packet open a connection."""
        self._switch.flush_connections()

    def receivers(self, ofport: int, frame: bytes) -> list[int]:
        """Send a frame in by an interface; return those by which it left."""
        sent = self._switch.inject(ofport, frame)
        return sorted(port for port, _ in [*sent, *self._switch.take_sent()])

    async def trail(self, ofport: int, frame: bytes) -> list[str]:
        """Send a frame once more; return the flows that it met, table by table."""
        before = await self._counted()
        self.receivers(ofport, frame)
        after = await self._counted()
        met = [key for key, (_, packets) in after.items() if packets > before.get(key, ("", 0))[1]]
        return [after[key][0] for key in sorted(met, key=lambda key: key.table)]

    def _answer(self, packet: PacketIn) -> None:
        self._reactive.answer(self._switch, packet)

    async def _counted(self) -> dict[FlowKey, tuple[str, int]]:
        flows = await self._switch.flows()
        return {each.flow.key: (format_flow(each.flow), each.packets) for each in flows}
