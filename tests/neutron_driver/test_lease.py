"""Who is on duty for the cloud."""

from __future__ import annotations

from damselfly.neutron.duty.lease import KEY, Lease
from tests.neutron_driver.world import Shelf

TERM = 6.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_who_asks_is_on_duty_and_stays_so() -> None:
    shelf, clock = Shelf(), Clock()
    first, second = Lease(shelf, TERM, clock), Lease(shelf, TERM, clock)
    assert first.renew()
    for _ in range(10):
        clock.now += TERM / 3
        assert first.renew()
        assert not second.renew()


def test_a_holder_that_is_silent_for_the_term_is_replaced() -> None:
    shelf, clock = Shelf(), Clock()
    first, second = Lease(shelf, TERM, clock), Lease(shelf, TERM, clock)
    assert first.renew()
    assert not second.renew()
    clock.now += TERM - 0.1
    assert not second.renew()
    clock.now += 0.1
    assert second.renew()
    assert not first.renew()


def test_clocks_need_not_agree() -> None:
    shelf, early, late = Shelf(), Clock(), Clock()
    late.now += 1_000_000
    first, second = Lease(shelf, TERM, early), Lease(shelf, TERM, late)
    assert first.renew()
    assert not second.renew()


def test_who_gives_up_is_replaced_at_once() -> None:
    shelf, clock = Shelf(), Clock()
    first, second = Lease(shelf, TERM, clock), Lease(shelf, TERM, clock)
    assert first.renew()
    first.give_up()
    assert second.renew()
    first.give_up()
    assert second.renew()
    assert KEY in shelf.objects


def test_who_has_other_work_waits_for_who_has_not() -> None:
    shelf, clock = Shelf(), Clock()
    busy, idle = Lease(shelf, TERM, clock, eager=False), Lease(shelf, TERM, clock)
    assert not busy.renew()
    clock.now += TERM
    assert not busy.renew()
    assert idle.renew()
    clock.now += TERM
    assert not busy.renew()


def test_who_has_other_work_takes_over_where_nobody_else_is() -> None:
    shelf, clock = Shelf(), Clock()
    busy = Lease(shelf, TERM, clock, eager=False)
    assert not busy.renew()
    clock.now += 2 * TERM
    assert busy.renew()
