"""A crowd of sets that come, change and go is the crowd of the sets that there are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.intervals import Block, IntervalSet
from damselfly.policy.index import Crowd, Name, crowd, tree

BITS = 6
VALUES = range(1 << BITS)
Sets = Mapping[Name, IntervalSet]

names = st.sampled_from([("group", name) for name in "abcd"])
firsts = st.sampled_from(VALUES)
spans = st.tuples(firsts, st.integers(0, 9)).map(lambda pair: (pair[0], min(sum(pair), VALUES[-1])))
values = st.lists(spans, max_size=5).map(lambda found: IntervalSet.of(BITS, found))
sets = st.dictionaries(names, values, max_size=4)
histories = st.lists(sets, min_size=1, max_size=4)


def named_at(found: Crowd, value: int) -> set[Name]:
    bits = tree.bits_at(found.root, value, BITS)
    return {name for name, slot in found.slots.items() if bits & slot}


@given(histories, st.sets(names))
def test_names_at_each_value_the_sets_that_hold_it(history: list[Sets], kept: set[Name]) -> None:
    found, now = Crowd.empty(BITS), dict[Name, IntervalSet]()
    for step in history:
        found, now = found.joined(step), now | dict(step)
    for left in (kept, now.keys()):
        only = found.only(left)
        for value in VALUES:
            assert named_at(only, value) == {
                name for name in left & now.keys() if value in now[name]
            }


@given(histories)
def test_a_crowd_that_was_changed_has_the_tree_of_one_built_at_once(history: list[Sets]) -> None:
    step_by_step, once = Crowd.empty(BITS), dict[Name, IntervalSet]()
    for step in history:
        step_by_step, once = step_by_step.joined(step), once | dict(step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowd, "MANY", -1)
        built = Crowd.empty(BITS).joined(once)
    order = sorted(once, key=lambda name: step_by_step.slots[name])
    if [built.slots[name] for name in order] == [step_by_step.slots[name] for name in order]:
        assert built.root == step_by_step.root
    for value in VALUES:
        assert named_at(built, value) == named_at(step_by_step, value)


@given(sets, sets)
def test_the_crowd_before_stays_as_it_was(before: Sets, after: Sets) -> None:
    first = Crowd.empty(BITS).joined(before)
    seen = [named_at(first, value) for value in VALUES]
    first.joined(after)
    assert [named_at(first, value) for value in VALUES] == seen


def test_one_more_member_shares_all_but_the_way_to_it() -> None:
    many = IntervalSet.of(16, [(value, value) for value in range(0, 4000, 2)])
    first = Crowd.empty(16).joined({("group", "g"): many})
    second = first.joined({("group", "g"): many.with_span(9001, 9001)})
    known = {id(node) for node in nodes(first.root)}
    assert sum(id(node) not in known for node in nodes(second.root)) <= 16


def nodes(root: tree.Tree) -> list[tree.Node]:
    if root is None:
        return []
    return [root, *(node for half in root.halves for node in nodes(half))]


@given(st.sets(st.tuples(st.sampled_from(VALUES), st.integers(0, BITS)), max_size=8))
def test_a_tree_planted_at_once_is_the_one_that_grew(found: set[tuple[int, int]]) -> None:
    blocks = {Block.around(value, length, BITS): 1 << length for value, length in found}
    grown: tree.Tree = None
    for block, bits in blocks.items():
        grown = tree.changed(grown, block, bits)
    assert tree.planted(sorted(blocks.items())) == grown
    for block, bits in blocks.items():
        grown = tree.changed(grown, block, 0, bits)
    assert grown is None
