"""Sets of integers against Python's own sets, on a field small enough to list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.intervals import Block, IntervalSet

BITS = 5
ALL = frozenset(range(1 << BITS))

spans = st.lists(
    st.tuples(st.integers(0, 31), st.integers(0, 31)).map(lambda pair: (min(pair), max(pair))),
    max_size=6,
)
sets = spans.map(lambda found: IntervalSet.of(BITS, found))
values = st.integers(0, 31)


def listed(found: IntervalSet) -> set[int]:
    return {value for first, last in found.spans() for value in range(first, last + 1)}


@given(spans)
def test_holds_the_union_of_its_spans(given_spans: list[tuple[int, int]]) -> None:
    expected = {value for first, last in given_spans for value in range(first, last + 1)}
    found = IntervalSet.of(BITS, given_spans)
    assert listed(found) == expected
    assert {value for value in ALL if value in found} == expected
    assert bool(found) == bool(expected)
    assert found.is_everything == (expected == ALL)


@given(sets)
def test_intervals_ascend_and_never_touch(found: IntervalSet) -> None:
    edges = [edge for span in found.spans() for edge in span]
    assert edges == sorted(edges)
    assert all(b - a > 1 for a, b in zip(found.ends, found.starts[1:], strict=False))


@given(sets, sets)
def test_equal_sets_are_equal_values(one: IntervalSet, other: IntervalSet) -> None:
    assert (one == other) == (listed(one) == listed(other))


@given(sets, sets)
def test_set_operations_are_those_of_sets(one: IntervalSet, other: IntervalSet) -> None:
    a, b = listed(one), listed(other)
    assert listed(one | other) == a | b
    assert listed(one & other) == a & b
    assert listed(one - other) == a - b
    assert listed(~one) == ALL - a
    assert one.contains(other) == (b <= a)


@given(sets, values, values)
def test_meets_and_covers_a_span(found: IntervalSet, one: int, other: int) -> None:
    first, last = min(one, other), max(one, other)
    inside = set(range(first, last + 1))
    assert found.meets(first, last) == bool(inside & listed(found))
    assert found.covers(first, last) == (inside <= listed(found))


@given(sets, values)
def test_the_block_around_a_value_is_the_widest_all_in_or_all_out(
    found: IntervalSet, value: int
) -> None:
    def is_uniform(block: Block) -> bool:
        inside = set(range(block.first, block.last + 1))
        return inside <= listed(found) or not inside & listed(found)

    block = found.block_around(value)
    assert block.holds(value)
    assert is_uniform(block)
    assert block.is_everything or not is_uniform(block.widened())


@given(sets)
def test_blocks_make_up_the_set_without_overlap_and_none_can_be_joined(found: IntervalSet) -> None:
    blocks = list(found.blocks())
    members = [value for block in blocks for value in range(block.first, block.last + 1)]
    assert sorted(members) == sorted(listed(found))
    assert not any(
        a.length == b.length and a.length and a.widened() == b.widened()
        for a in blocks
        for b in blocks
        if a is not b
    )


@given(sets)
def test_blocks_outside_are_counted_without_listing_them(found: IntervalSet) -> None:
    assert found.count_blocks_outside() == sum(1 for _ in (~found).blocks())


def test_blocks_of_a_port_range_are_as_one_writes_them() -> None:
    found = IntervalSet.of(16, [(1000, 1999)])
    assert [(block.first, block.last) for block in found.blocks()] == [
        (1000, 1007), (1008, 1023), (1024, 1535), (1536, 1791), (1792, 1919), (1920, 1983),
        (1984, 1999),
    ]  # fmt: skip


@given(values, st.integers(0, BITS), values, st.integers(0, BITS))
def test_blocks_are_nested_or_disjoint(a: int, m: int, b: int, n: int) -> None:
    one, other = Block.around(a, m, BITS), Block.around(b, n, BITS)
    in_one = {value for value in ALL if one.holds(value)}
    in_other = {value for value in ALL if other.holds(value)}
    assert in_one == set(range(one.first, one.last + 1))
    assert in_one == {value for value in ALL if value & one.mask == one.value}
    assert one.contains(other) == (in_other <= in_one)
    assert one.meets(other) == bool(in_one & in_other)
    assert one.is_everything == (in_one == ALL)


@given(values, st.integers(1, BITS))
def test_a_widened_block_is_twice_as_large_and_holds_it(value: int, length: int) -> None:
    block = Block.around(value, length, BITS)
    wider = block.widened()
    assert wider.contains(block)
    assert wider.last - wider.first + 1 == 2 * (block.last - block.first + 1)


def test_the_whole_field_and_one_value() -> None:
    assert IntervalSet.everything(BITS).is_everything
    assert listed(IntervalSet.single(BITS, 0)) == {0}
    assert 0 in IntervalSet.single(BITS, 0)
    assert "0" not in IntervalSet.single(BITS, 0)


@given(sets, values, values)
def test_a_span_is_put_in_and_taken_out(found: IntervalSet, one: int, other: int) -> None:
    first, last = min(one, other), max(one, other)
    inside = set(range(first, last + 1))
    assert listed(found.with_span(first, last)) == listed(found) | inside
    assert listed(found.without_span(first, last)) == listed(found) - inside
