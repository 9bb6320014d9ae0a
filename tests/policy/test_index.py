"""The index of a field, against looking at every value and every set of rules."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.intervals import Block, IntervalSet
from damselfly.policy.index import Crowd, Index, Remote, RemoteIndex

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


def index_of(given_sets: Sets, named: int) -> RemoteIndex:
    """Those of the sets whose bits are in ``named`` are groups, all others are prefixes."""
    remotes = (
        Remote(("g", f"{which}") if which & named else None, each, which)
        for each, which in given_sets
    )
    return RemoteIndex.of(BITS, remotes)


some = st.integers(0, (1 << RULES) - 1)


@given(sets, some)
def test_an_index_of_remotes_answers_as_looking_at_every_address_does(
    given_sets: Sets, named: int
) -> None:
    check(index_of(given_sets, named), given_sets)


@given(sets, some, sets)
def test_so_it_does_with_its_sets_in_a_crowd_of_others(
    given_sets: Sets, named: int, others: Sets
) -> None:
    crowd = Crowd.empty(BITS).joined({("g", f"{which}"): each for each, which in others})
    check(index_of(given_sets, named).within_crowd(crowd), given_sets)


@given(sets, st.data())
def test_groups_that_change_are_asked_as_they_are_now(
    given_sets: Sets, data: st.DataObject
) -> None:
    every = (1 << RULES) - 1
    before = index_of(given_sets, every).within_crowd(Crowd.empty(BITS))
    now = [(data.draw(values), which) for _, which in given_sets]
    after = before.with_sets({("g", f"{which}"): each for each, which in now})
    check(after, now)
    assert before.crowd is not None
    check(after.within_crowd(before.crowd), now)
    check(before, given_sets)


@given(sets)
def test_rules_of_one_remote_stand_and_fall_together(given_sets: Sets) -> None:
    shared = [(each, which | which << RULES) for each, which in given_sets]
    for named in (0, (1 << RULES) - 1):
        index = index_of(shared, named)
        for value in VALUES:
            here = index.at(value)
            assert here & (1 << RULES) - 1 == here >> RULES
