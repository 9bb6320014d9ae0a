"""Packets through the flows and through the policy, and where the two disagree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from damselfly.agent.enforcement import Enforcement
from damselfly.flow.flow import Flow, MeterBand
from damselfly.model.address import mac_text
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, TCP, UDP
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import is_stateful
from damselfly.pipeline.security.built_in import Parties, built_in, how_judged
from damselfly.policy.decision import decide
from damselfly.policy.explain import explain

from .copy import Copy
from .draws import Drawn, Draws
from .frames import Wire

MOST = 20
"""Disagreements that are reported; what comes beyond is counted."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A packet of which flows and policy think differently."""

    packet: str
    policy: str
    """What the policy says, at both ends, and why."""
    flows: str
    """What became of it in the flows."""
    met: tuple[str, ...]
    """The flows that it met."""


@dataclass(slots=True)
class Trial:
    """How the packets fared."""

    seed: int = 0
    """Draws the same packets again."""
    packets: int = 0
    delivered: int = 0
    answers: int = 0
    """Second packets of connections among them."""
    asked: int = 0
    """Packets on which the switch held no verdict; the agent's answer was computed."""
    disagreements: list[Disagreement] = field(default_factory=list)
    wrong: int = 0
    """All disagreements, reported or not."""
    strange: list[str] = field(default_factory=list)
    """Flows that are none of ours and cannot be run in memory."""


async def try_packets(
    enforcement: Enforcement,
    flows: Iterable[Flow],
    meters: Iterable[MeterBand],
    count: int,
    seed: int,
) -> Trial:
    """Send random packets between the ports of a host through flows that its switch holds.

    ``enforcement`` has the policy and knows the ports.
    """
    copy = Copy(enforcement)
    await copy.fill(flows, meters)
    draws = Draws(enforcement.state.view, Random(seed))  # noqa: S311  Nothing depends on secrecy.
    trial = Trial(seed, strange=copy.strange)
    while draws.is_possible and trial.packets < count:
        await _Packet(enforcement, copy, draws.draw()).send(trial)
    trial.asked = copy.asked
    return trial


class _Packet:
    """One packet on its way."""

    def __init__(self, enforcement: Enforcement, copy: Copy, drawn: Drawn) -> None:
        view = enforcement.state.view
        self._snapshot: Snapshot = view.snapshot
        self._copy = copy
        self._drawn = drawn
        self._from = view.local[drawn.sender.id].ofport
        self._to = view.local[drawn.receiver.id].ofport

    async def send(self, trial: Trial) -> None:
        """Open a connection with the packet; where that is delivered, answer."""
        drawn = self._drawn
        wire = Wire(drawn.mac, drawn.receiver.mac, drawn.packet)
        expected = all(allowed for allowed, _ in self._ends(explained=False))
        self._copy.forget_connections()
        seen = self._copy.receivers(self._from, wire.frame())
        trial.packets += 1
        trial.delivered += expected
        if seen != [self._to] * expected:
            self._copy.forget_connections()
            await self._note(trial, wire, seen)
        elif expected and self._is_answered():
            back = wire.answer()
            seen = self._copy.receivers(self._to, back.frame(answers=True))
            trial.packets += 1
            trial.answers += 1
            if seen != [self._from]:
                await self._note(trial, back, seen, answers=True)

    def _ends(self, *, explained: bool) -> list[tuple[bool, str]]:
        """Return what the policy says at each end, with its reason if that is asked for."""
        drawn = self._drawn
        return [
            self._end(drawn.sender, Direction.EGRESS, explained=explained),
            self._end(drawn.receiver, Direction.INGRESS, explained=explained),
        ]

    def _end(self, port: Port, direction: Direction, *, explained: bool) -> tuple[bool, str]:
        drawn = self._drawn
        if port.port_security_enabled:
            parties = Parties(drawn.sender, drawn.receiver)
            said = built_in(self._snapshot, direction, parties, drawn.packet)
            if said is not None:
                return said.allowed, said.because
        if not explained:
            return decide(self._snapshot, port, direction, drawn.packet).allowed, ""
        end = explain(self._snapshot, port, direction, drawn.packet)
        return end.decision.allowed, end.because

    def _is_answered(self) -> bool:
        """Tell whether an answer belongs to the connection for both ends' trackers."""
        drawn = self._drawn
        ports = (drawn.sender, drawn.receiver)
        return (
            drawn.mac == drawn.sender.mac
            and drawn.packet.protocol in _ANSWERED
            and how_judged(drawn.packet) is None
            and (drawn.packet.protocol not in ICMP_PROTOCOLS or drawn.packet.tp_src in _ECHO)
            and all(is_stateful(self._snapshot, port) for port in ports)
            and not any(said.startswith("built in") for _, said in self._ends(explained=True))
        )

    def _reasons(self) -> str:
        said = zip(
            (self._drawn.sender, self._drawn.receiver), self._ends(explained=True), strict=True
        )
        return "; ".join(
            f"{port.name or port.id} {'allows' if allowed else 'denies'}: {because}"
            for port, (allowed, because) in said
        )

    async def _note(
        self, trial: Trial, wire: Wire, seen: list[int], *, answers: bool = False
    ) -> None:
        """Report a packet, after a second look at the flows that it meets."""
        trial.wrong += 1
        if len(trial.disagreements) >= MOST:
            return
        met = await self._copy.trail(
            self._to if answers else self._from, wire.frame(answers=answers)
        )
        trial.disagreements.append(
            Disagreement(
                f"{mac_text(wire.source)} to {mac_text(wire.destination)}: {wire.packet}",
                "it answers a connection that both ends admit" if answers else self._reasons(),
                f"delivered to interface {', '.join(map(str, seen))}" if seen else "dropped",
                tuple(met),
            )
        )


_ANSWERED = frozenset({TCP, UDP, *ICMP_PROTOCOLS})
_ECHO = (8, 128)
