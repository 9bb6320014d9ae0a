"""The quick way to read rules: what it takes is what the strict one reads, and never more."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from damselfly.errors import BadInput
from damselfly.model.address import FAMILIES, IPV4, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, PROTOCOL_NUMBERS, TCP, Rule
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, decode, quick_rule, write

names = st.one_of(st.text('ab-/%é "\\\n', max_size=4), st.sampled_from(["r", "g", "web-1"]))
protocols = st.one_of(
    st.none(), st.integers(0, 300), st.sampled_from(sorted(PROTOCOL_NUMBERS.values()))
)
numbers = st.one_of(st.none(), st.integers(0, 20), st.integers(65_000, 70_000))


@st.composite
def prefixes(draw: st.DrawFn, family: Family) -> Prefix:
    length = draw(st.integers(0, family.bits))
    free = family.bits - length
    return Prefix(family, draw(st.integers(0, (1 << family.bits) - 1)) >> free << free, length)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    family = draw(st.sampled_from(FAMILIES))
    other = draw(st.sampled_from([family, family, family, *FAMILIES]))
    return Rule(
        draw(names), draw(names), draw(st.sampled_from(Direction)), family, draw(protocols),
        draw(numbers), draw(numbers),
        draw(st.one_of(st.none(), prefixes(other))),
        draw(st.one_of(st.none(), st.none(), names)), draw(st.one_of(st.none(), st.none(), names)),
    )  # fmt: skip


def strictly(key: str, data: bytes) -> Stored | None:
    try:
        return decode(key, data)
    except BadInput:
        return None


@given(rules(), st.booleans())
def test_what_is_read_quickly_is_read_strictly_alike(rule: Rule, elsewhere: bool) -> None:
    key, data = write(rule)
    assert data is not None
    key = keys.rule("g", "r") if elsewhere else key
    quick = quick_rule(key, data)
    assert quick is None or quick == strictly(key, data)


PIECES = (
    b'"',
    b"\\",
    b"0",
    b"-1",
    b"1e3",
    b"true",
    b"null",
    b"ICMP",
    b'"6"',
    b" ",
    b"{",
    b",",
    b"",
)


@given(rules(), st.integers(0, 250), st.integers(0, 4), st.sampled_from(PIECES))
@example(Rule("r", "g", Direction.INGRESS, IPV4, TCP, 8, 9), 11, 0, b"\xc3\xa9")
def test_so_is_what_is_damaged(rule: Rule, place: int, length: int, piece: bytes) -> None:
    key, data = write(rule)
    assert data is not None
    damaged = data[:place] + piece + data[place + length :]
    quick = quick_rule(key, damaged)
    assert quick is None or quick == strictly(key, damaged)


@pytest.mark.parametrize(
    "rule",
    [
        Rule("r", "g", Direction.INGRESS, IPV4, TCP, 80, 90),
        Rule("r", "g", Direction.EGRESS, IPV4),
        Rule("r", "g", Direction.INGRESS, IPV4, ICMP, remote_group_id="others"),
        Rule("r", "g", Direction.INGRESS, IPV4, TCP, 1, 1, Prefix.parse("10.0.0.0/8")),
        Rule("r", "g", Direction.INGRESS, IPV4, 200, remote_address_group_id="office"),
    ],
)
def test_plain_rules_are_read_quickly(rule: Rule) -> None:
    key, data = write(rule)
    assert data is not None
    assert quick_rule(key, data) == rule


@given(st.text("ab/%~é :", max_size=5), st.text("ab/%~é :", max_size=5))
def test_keys_give_their_ids_back(group: str, rule: str) -> None:
    assert keys.parse(keys.rule(group, rule)) == keys.Key(keys.RULE, (group, rule))
    assert keys.rule(group, rule).count("/") == 3
