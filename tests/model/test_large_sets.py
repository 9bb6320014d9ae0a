"""Large sets, nearly alike or not at all, against those of Python: what is skipped is the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.intervals import IntervalSet
from damselfly.model.intervals.windows import Spans, windows

BITS = 10
VALUES = range(1 << BITS)
Values = frozenset[int]

firsts = st.sampled_from(VALUES)
edits = st.lists(st.tuples(st.booleans(), firsts, st.integers(0, 3)), max_size=4)
scattered = st.sets(firsts, min_size=0, max_size=300).map(frozenset)
stripes = st.builds(
    lambda step, seed: frozenset(value for value in VALUES if value * seed % step < step // 2),
    st.integers(2, 9), st.integers(1, 9),
)  # fmt: skip
"""Some hundred intervals."""


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Values, Values]:
    """Two sets: one and what an edit or two make of it, or any two."""
    one = draw(st.one_of(scattered, stripes))
    if not draw(st.integers(0, 3)):
        return one, draw(st.one_of(scattered, stripes))
    other = set(one)
    for put, first, more in draw(edits):
        span = set(range(first, min(first + more + 1, len(VALUES))))
        other = other | span if put else other - span
    return one, frozenset(other)


def of(values: Values) -> IntervalSet:
    return IntervalSet.of(BITS, ((value, value) for value in values))


def listed(found: IntervalSet) -> set[int]:
    return {value for first, last in found.spans() for value in range(first, last + 1)}


@given(pairs())
def test_set_operations_are_those_of_sets(pair: tuple[Values, Values]) -> None:
    a, b = pair
    for one, other in ((a, b), (b, a)):
        assert of(one) - of(other) == of(one - other)
        assert of(one) & of(other) == of(one & other)
        assert of(one).contains(of(other)) == (other <= one)
    assert ~of(a) == of(frozenset(VALUES) - a)


@given(pairs())
def test_outside_the_windows_both_have_the_same_intervals(pair: tuple[Values, Values]) -> None:
    one, other = (of(values).sorted_spans for values in pair)
    same, place, other_place = [], 0, 0
    for window in windows(one, other):
        same.append((place, window.low, other_place, window.other_low))
        place, other_place = window.high, window.other_high
    same.append((place, len(one.starts), other_place, len(other.starts)))
    for low, high, other_low, other_high in same:
        assert part(one, low, high) == part(other, other_low, other_high)


def part(spans: Spans, low: int, high: int) -> list[tuple[int, int]]:
    return list(zip(spans.starts[low:high], spans.ends[low:high], strict=True))


def test_what_differs_in_two_places_is_not_all_in_between() -> None:
    many = frozenset(range(0, 1000, 2))
    found = list(windows(of(many).sorted_spans, of(many - {100, 800}).sorted_spans))
    assert sum(window.high - window.low for window in found) < 100


@given(pairs(), firsts, firsts)
def test_a_span_has_what_is_within_and_what_is_missing(
    pair: tuple[Values, Values], one: int, other: int
) -> None:
    first, last = min(one, other), max(one, other)
    found, inside = of(pair[0]), set(range(first, last + 1))
    for spans, expected in (
        (found.within(first, last), inside & pair[0]),
        (found.gaps(first, last), inside - pair[0]),
    ):
        assert {value for a, b in spans for value in range(a, b + 1)} == expected
