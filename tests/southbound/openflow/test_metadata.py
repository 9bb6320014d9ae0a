"""The metadata of packets: read field by field once, and as a whole wherever the fields recur."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.flow.field import FIELDS
from damselfly.flow.match import from_mapping
from damselfly.southbound.openflow import ProtocolError
from damselfly.southbound.openflow.codec.match import decode_values, encode_match

NAMES = (
    *("in_port", "metadata", "reg0", "reg1", "reg6", "reg15", "ct_state", "ct_zone", "ct_label"),
    *("ct_nw_proto", "ct_nw_src", "ct_ipv6_dst", "ct_tp_dst"),
)


def encoded(values: dict[str, int]) -> bytes:
    """The fields as the switch sends them, without header and padding."""
    whole = encode_match(from_mapping(values))
    return whole[4 : int.from_bytes(whole[2:4], "big")]


@st.composite
def alike(draw: st.DrawFn) -> list[dict[str, int]]:
    """Several values for the same fields."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
    each = st.fixed_dictionaries(
        {name: st.integers(0, FIELDS[name].full_mask) for name in names if name != "ct_state"}
        | {name: st.integers(0, 255) for name in names if name == "ct_state"}
    )
    return draw(st.lists(each, min_size=2, max_size=4))


@given(alike())
def test_what_is_sent_is_read_however_often_its_fields_were_seen(
    sent: list[dict[str, int]],
) -> None:
    for values in sent:
        data = b"before" + encoded(values) + b"behind"
        assert decode_values(data, 6, len(data) - 6) == values


def test_fields_of_equal_length_are_told_apart() -> None:
    for values in ({"reg0": 7}, {"reg1": 8}, {"reg0": 9}, {"ct_mark": 1}):
        assert decode_values(encoded(values), 0, 8) == values


def test_a_field_unknown_here_is_passed_over() -> None:
    unknown = bytes.fromhex("0001fe04") + b"\1\2\3\4"
    for value in (1, 2):
        data = unknown + encoded({"reg3": value})
        assert decode_values(data, 0, len(data)) == {"reg3": value}


def test_metadata_that_is_cut_off_is_refused_even_where_its_fields_are_known() -> None:
    data = encoded({"reg0": 1, "reg1": 2})
    assert decode_values(data, 0, 16) == {"reg0": 1, "reg1": 2}
    assert decode_values(data[:8], 0, 8) == {"reg0": 1}
    for cut, stop in ((8, 16), (15, 16), (10, 10)):
        with pytest.raises(ProtocolError):
            decode_values(data[:cut], 0, stop)
