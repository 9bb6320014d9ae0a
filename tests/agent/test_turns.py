"""A sender that floods waits behind itself only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from damselfly.agent.reactive import AT_ONCE, QUEUE, Fate, Turns
from damselfly.pipeline import fields
from damselfly.southbound.switch import PacketIn


class Desk:
    """Turns, what was answered in which order, and a loop that runs when it is told to."""

    def __init__(self) -> None:
        self.answered: list[tuple[int, int]] = []
        self._due: list[Callable[[], None]] = []
        self.fates: Counter[Fate] = Counter()
        self.turns = Turns(self._answer, self._due.append, self.fates)
        self._numbers = 0

    def offer(self, sender: int, count: int = 1) -> None:
        for _ in range(count):
            self._numbers += 1
            self.turns.offer(PacketIn(0, 0, b"", {fields.SOURCE: sender}, bytes([sender])))

    def run(self) -> None:
        while self._due:
            self._due.pop(0)()

    def _answer(self, packet: PacketIn) -> None:
        sender = packet.metadata[fields.SOURCE]
        self.answered.append((sender, len(self.answered)))

    @property
    def senders(self) -> list[int]:
        return [sender for sender, _ in self.answered]


def test_a_packet_that_comes_alone_is_answered_at_once() -> None:
    desk = Desk()
    desk.offer(1)
    assert desk.senders == [1]


def test_what_comes_one_by_one_never_waits() -> None:
    desk = Desk()
    for _ in range(5 * AT_ONCE):
        desk.offer(1)
        desk.run()
    assert len(desk.answered) == 5 * AT_ONCE


def test_behind_a_flood_the_others_are_served_in_turn() -> None:
    desk = Desk()
    desk.offer(1, AT_ONCE + 50)
    desk.offer(2, 3)
    desk.offer(3, 1)
    desk.run()
    waited = desk.senders[AT_ONCE:]
    assert waited[:6] == [1, 2, 3, 1, 2, 1]
    assert waited.count(1) == 50


def test_a_flood_crowds_out_its_own_packets_and_no_others() -> None:
    desk = Desk()
    desk.offer(1, AT_ONCE + QUEUE + 7)
    desk.offer(2, QUEUE)
    assert desk.fates[Fate.CROWDED_OUT] == 7
    desk.run()
    assert desk.senders.count(2) == QUEUE


def test_while_held_nothing_is_answered_and_then_everything_is() -> None:
    desk = Desk()
    desk.turns.hold()
    desk.offer(1, 3)
    desk.run()
    assert desk.answered == []
    desk.turns.go_on()
    desk.run()
    assert desk.senders == [1, 1, 1]
