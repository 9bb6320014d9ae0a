"""The reactive path: judge a paused packet, install the verdict, let the packet go on.

Synchronous from end to end.  A verdict is given on the state that was sent last and follows it on
the same connection, so that none of an older policy can ever slip behind a newer one.  Resuming
means looking again: the tables decide, not what was thought here.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from enum import Enum

from damselfly.model.direction import Direction
from damselfly.pipeline import fields
from damselfly.pipeline.sides import Basis
from damselfly.southbound.switch import PacketIn, Switch

from .asked import packet_of
from .enforcement import Enforcement
from .verdicts import Budgets, Judged, Remembered, remembered

AT_ONCE = 16
"""Packets answered without a break; then the connection is read again."""
QUEUE = 128
"""Packets of one sender that wait at most."""


class Fate(Enum):
    """What became of a packet that was paused."""

    ALLOWED = "allowed"
    DENIED = "denied"
    DUPLICATE = "duplicate"
    """Its verdict was in force already; it was under way while that was being installed."""
    STALE = "stale"
    """Paused under an earlier incarnation of its sender, or before its receiver moved away."""
    CLOSED = "closed"
    """At a port that is not enforced here."""
    MALFORMED = "malformed"
    UNREMEMBERED = "unremembered"
    """Denied beyond the budget: the next one will be asked about again."""
    CROWDED_OUT = "crowded-out"
    """Dropped, because its sender had too many others waiting."""


class Turns:
    """Paused packets on their way to be answered: each sender in turn, none kept from its own.

    A few packets are answered as they come.  What comes faster waits, in a queue a sender, and is
    served round by round between reads, so that a sender who floods waits behind itself only.
    """

    def __init__(
        self,
        answer: Callable[[PacketIn], object],
        soon: Callable[..., object],
        fates: Counter[Fate],
    ) -> None:
        """Hand packets to ``answer``; ``soon`` calls a function after what is at hand is done."""
        self._fates = fates
        self._answer = answer
        self._soon = soon
        self._waiting: OrderedDict[int, deque[PacketIn]] = OrderedDict()
        self._at_once = AT_ONCE
        self._called = False
        self._held = False

    def hold(self) -> None:
        """Let packets wait until :meth:`go_on`."""
        self._held = True

    def go_on(self) -> None:
        """Answer again, what has waited first."""
        self._held = False
        self._call()

    def offer(self, packet: PacketIn) -> None:
        """Answer a packet, now or in its sender's turn."""
        if self._at_once and not self._held and not self._waiting:
            self._at_once -= 1
            self._answer(packet)
        else:
            queue = self._waiting.setdefault(packet.metadata.get(fields.SOURCE, 0), deque())
            if len(queue) < QUEUE:
                queue.append(packet)
            else:
                self._fates[Fate.CROWDED_OUT] += 1
        self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._soon(self._round)

    def _round(self) -> None:
        """Answer some that wait, one of each sender after the other."""
        self._called = False
        self._at_once = AT_ONCE
        for _ in range(AT_ONCE):
            if self._held or not self._waiting:
                return
            sender, queue = self._waiting.popitem(last=False)
            packet = queue.popleft()
            if queue:
                self._waiting[sender] = queue
            self._answer(packet)
        self._call()


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
        basis = Basis(seen.get(fields.BASIS, 0))
        packet = packet_of(packet_in, basis)
        direction = _DIRECTIONS.get(seen.get(fields.DIRECTION, 0))
        if packet is None or direction is None:
            return Fate.MALFORMED
        judged = (seen.get(fields.JUDGED, 0), direction)
        local = self._enforcement.state.by_key.get(judged[0])
        if local is not None and local.network != seen.get(fields.NETWORK, 0):
            return Fate.STALE
        rules = self._enforcement.book(*judged, packet.family)
        if rules is None:
            return Fate.CLOSED
        entry = remembered(judged, rules.judge(packet), basis)
        fate = self._install(switch, judged, entry)
        # One packet may be judged twice (SCTP), or for several receivers; each of a connection
        # has a copy of its own.
        if entry.verdict.allowed or not basis.is_connection:
            switch.resume(packet_in)
        return fate

    def _install(self, switch: Switch, judged: Judged, entry: Remembered) -> Fate:
        """Install a verdict that is not in force yet; a denial only within the budget."""
        verdicts = self._enforcement.verdicts
        if verdicts.has(judged, entry):
            return Fate.DUPLICATE
        room = verdicts.make_room(judged, entry.verdict.allowed, self._budgets)
        if not room.is_there:
            return Fate.UNREMEMBERED
        if room.victim is not None:
            switch.remove(room.victim)
        verdicts.add(judged, entry)
        switch.add(entry.flow)
        return Fate.ALLOWED if entry.verdict.allowed else Fate.DENIED


_DIRECTIONS = {direction.code: direction for direction in Direction}
