"""Who makes room first: denials, those out of use, those used least."""

from __future__ import annotations

from damselfly.agent.eviction.order import Order
from damselfly.flow.flow import FlowKey
from damselfly.flow.match import match

KEYS = [FlowKey(110, 100, match(reg0=number)) for number in range(10)]
A, B, C, D = KEYS[:4]
HELD = set(KEYS)


def drained(order: Order) -> list[FlowKey]:
    found = []
    while (key := order.first(HELD)) is not None:
        found.append(key)
    return found


def test_before_the_first_look_nothing_is_known() -> None:
    order = Order()
    assert order.first(HELD) is None
    assert order.idle(HELD) is None
    assert not order.has_idle(HELD)


def test_what_was_seen_once_is_not_idle_yet() -> None:
    order = Order()
    order.look([A, B], [], {A: 3})
    assert not order.has_idle(HELD)
    assert drained(order) == [B, A]


def test_a_denial_that_nothing_has_met_since_the_last_look_is_idle() -> None:
    order = Order()
    order.look([A, B, C], [], {A: 3, B: 5})
    order.look([A, B, C], [], {A: 3, B: 6})
    assert order.has_idle(HELD)
    assert [order.idle(HELD), order.idle(HELD), order.idle(HELD)] == [A, C, None]


def test_denials_go_before_allowances_however_much_they_are_used() -> None:
    order = Order()
    for look in (1, 2):
        order.look([A, B], [C, D], {A: 1000 * look, B: 10 * look, C: look, D: 0})
    assert drained(order) == [B, A, D, C]


def test_of_the_unused_the_one_goes_first_that_was_unused_for_longest() -> None:
    order = Order()
    order.look([A, B, C], [], {})
    order.look([A, B, C], [], {A: 1, B: 1})
    order.look([A, B, C], [], {A: 2, B: 1})
    order.look([A, B, C], [], {A: 2, B: 1})
    assert [order.idle(HELD) for _ in range(3)] == [C, B, A]


def test_a_count_that_has_fallen_is_that_of_another_flow() -> None:
    order = Order()
    order.look([A, B], [], {A: 100, B: 7})
    order.look([A, B], [], {A: 2, B: 7})
    assert order.idle(HELD) == B
    assert order.idle(HELD) is None


def test_what_is_gone_meanwhile_is_passed_over() -> None:
    order = Order()
    for _ in range(2):
        order.look([A, B], [C], {})
    assert order.idle({B, C}) == B
    assert order.first({C}) == C
    assert not order.has_idle({A, B, C})


def test_what_is_forgotten_begins_anew() -> None:
    order = Order()
    for _ in range(2):
        order.look([A], [], {})
    order.forget()
    order.look([A], [], {})
    assert not order.has_idle(HELD)
