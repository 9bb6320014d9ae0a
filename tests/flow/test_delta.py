"""Subtraction of flows: carried out, the difference leaves exactly what is desired."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.flow.action import Resubmit, SetField
from damselfly.flow.delta import Delta, difference
from damselfly.flow.flow import Flow, FlowKey
from damselfly.flow.match import match

flows = st.builds(
    lambda table, priority, value, actions, cookie: Flow(
        table, priority, match(reg0=value), actions, cookie
    ),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(0, 2),
    st.sampled_from([(), (Resubmit(3),), (SetField("reg1", 1),)]),
    st.integers(0, 1),
)
tables = st.lists(flows, max_size=10, unique_by=lambda flow: flow.key)


def carried_out(delta: Delta, actual: list[Flow]) -> dict[FlowKey, Flow]:
    held = {flow.key: flow for flow in actual}
    for key in delta.delete:
        del held[key]
    held.update((flow.key, flow) for flow in delta.add)
    return held


@given(tables, tables)
def test_the_difference_carried_out_leaves_what_is_desired(
    desired: list[Flow], actual: list[Flow]
) -> None:
    delta = difference(desired, actual)
    assert carried_out(delta, actual) == {flow.key: flow for flow in desired}


@given(tables, tables)
def test_nothing_is_sent_in_vain(desired: list[Flow], actual: list[Flow]) -> None:
    delta = difference(desired, actual)
    assert not set(delta.add) & set(actual)
    assert not set(delta.delete) & {flow.key for flow in desired}
    assert len(set(delta.delete)) + len(set(delta.add)) == len(delta)


@given(tables)
def test_equal_tables_differ_in_nothing(same: list[Flow]) -> None:
    assert len(difference(same, reversed(same))) == 0


def test_another_cookie_or_action_overwrites_the_flow() -> None:
    old = Flow(0, 1, match(reg0=1), (Resubmit(3),), cookie=7)
    for new in (replace(old, cookie=8), replace(old, actions=())):
        delta = difference([new], [old])
        assert delta == Delta(add=(new,))


def test_the_same_flow_may_be_stated_twice_but_not_two_for_one_key() -> None:
    one = Flow(0, 1, match(reg0=1), (Resubmit(3),))
    assert difference([one, one], []) == Delta(add=(one,))
    with pytest.raises(ValueError, match="one key"):
        difference([one, replace(one, actions=())], [])
