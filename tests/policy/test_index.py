"""The index of a field, against looking at every value and every set of rules."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.intervals import Block, IntervalSet
from damselfly.policy.index import Index, RemoteIndex

BITS, RULES = 3, 3
VALUES = range(1 << BITS)
BLOCKS = [Block.around(v, length, BITS) for length in range(BITS + 1) for v in VALUES]
Sets = list[tuple[IntervalSet, int]]

ends = st.tuples(st.sampled_from(VALUES), st.sampled_from(VALUES))
spans = ends.map(lambda pair: (min(pair), max(pair)))
values = st.lists(spans, min_size=1, max_size=3).map(lambda found: IntervalSet.of(BITS, found))
sets = st.lists(values, max_size=RULES).map(
    lambda found: [(each, 1 << place) for place, each in enumerate(found)]
)


def matching(given_sets: Sets, asked: Iterable[int]) -> int:
    """The rules that match at any of the values."""
    found = 0
    for each, which in given_sets:
        if any(value in each for value in asked):
            found |= which
    return found


def widest(given_sets: Sets, value: int, rules: int) -> int:
    """The length of the widest block around the value that meets none of the rules."""
    blocks = (Block.around(value, length, BITS) for length in range(BITS + 1))
    return next(
        block.length
        for block in blocks
        if not matching(given_sets, range(block.first, block.last + 1)) & rules
    )


def check(index: Index | RemoteIndex, given_sets: Sets) -> None:
    for value in VALUES:
        here = matching(given_sets, [value])
        assert index.at(value) == here
        for rules in range(1 << RULES):
            if not here & rules:
                assert index.clear_length(value, rules) == widest(given_sets, value, rules)
    for block in BLOCKS:
        assert index.within(block) == matching(given_sets, range(block.first, block.last + 1))


@given(sets)
def test_an_index_answers_as_looking_at_every_value_does(given_sets: Sets) -> None:
    check(Index.of(BITS, given_sets), given_sets)


@given(sets)
def test_an_index_of_remotes_answers_as_looking_at_every_address_does(given_sets: Sets) -> None:
    check(RemoteIndex.of(BITS, given_sets), given_sets)


@given(sets)
def test_rules_of_one_remote_stand_and_fall_together(given_sets: Sets) -> None:
    shared = [(each, which | which << RULES) for each, which in given_sets]
    index = RemoteIndex.of(BITS, shared)
    for value in VALUES:
        here = index.at(value)
        assert here & (1 << RULES) - 1 == here >> RULES
