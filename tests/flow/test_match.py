"""Matches as sets of packets: conjunction, masks, and one spelling for one meaning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.flow.field import FIELDS
from damselfly.flow.match import Match, ct_state, from_mapping, match

SMALL = ("reg0", "nw_frag", "ct_nw_proto")


@st.composite
def matches(draw: st.DrawFn) -> Match:
    wanted = {}
    for name in draw(st.sets(st.sampled_from(SMALL))):
        mask = draw(st.integers(0, 3))
        wanted[name] = (draw(st.integers(0, 3)) & mask, mask)
    return from_mapping(wanted)


def holds(found: Match, packet: dict[str, int]) -> bool:
    return all(packet[term.field] & term.mask == term.value for term in found)


packets = st.fixed_dictionaries({name: st.integers(0, 3) for name in SMALL})


@given(matches(), matches(), packets)
def test_both_together_match_what_each_of_them_does(
    one: Match, other: Match, packet: dict[str, int]
) -> None:
    expected = holds(one, packet) and holds(other, packet)
    try:
        assert holds(one & other, packet) == expected
    except ValueError:
        assert not expected


@given(matches(), matches())
def test_the_order_of_conjunction_does_not_show(one: Match, other: Match) -> None:
    try:
        both = one & other
    except ValueError:
        with pytest.raises(ValueError, match="no packet"):
            other & one
    else:
        assert both == other & one


def test_no_packet_is_two_things_at_once() -> None:
    with pytest.raises(ValueError, match="no packet has both"):
        match(reg0=1) & match(reg0=2)


def test_an_empty_mask_is_no_condition() -> None:
    assert match(reg0=(0, 0)) == Match()
    assert match(xxreg0=(0, 0)) == Match()


def test_a_long_register_is_spelt_as_the_short_ones_it_is_made_of() -> None:
    long = match(xxreg1=0x1111_1111_2222_2222_3333_3333_4444_4444)
    assert long == match(reg4=0x11111111, reg5=0x22222222, reg6=0x33333333, reg7=0x44444444)


def test_values_that_do_not_fit_are_refused() -> None:
    for wanted in ((4, 3), (1, 1 << 32)):
        with pytest.raises(ValueError, match="does not fit"):
            match(reg0=wanted)
    with pytest.raises(KeyError):
        match(**{"no such field": 1})


def test_terms_stand_in_the_order_of_the_fields() -> None:
    found = [term.field for term in match(nw_dst=1, dl_type=0x800, in_port=3, reg3=1)]
    assert found == sorted(found, key=list(FIELDS).index)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("+trk", (0x20, 0x20)), ("+trk-inv", (0x20, 0x30)), ("-new+est+rpl-rel", (0x0A, 0x0F))],
)
def test_tracking_states_are_spelt_as_ovs_does(text: str, expected: tuple[int, int]) -> None:
    assert ct_state(text) == expected


@given(matches(), matches(), packets)
def test_a_match_that_covers_another_holds_wherever_the_other_does(
    one: Match, other: Match, packet: dict[str, int]
) -> None:
    if one.covers(other) and holds(other, packet):
        assert holds(one, packet)
    try:
        both = one & other
    except ValueError:
        return
    assert one.covers(both)
    assert other.covers(both)
