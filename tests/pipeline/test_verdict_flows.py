"""A verdict is read back from exactly the flow that states it; of anything near it nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.flow.action import SetField
from damselfly.flow.match import match
from damselfly.model.address import IPV4, IPV6
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS
from damselfly.model.intervals import Block
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.security.verdicts import VerdictFlow, priority, read
from damselfly.pipeline.sides import Basis
from damselfly.policy.region import Region

ANY = Block(0, 0, 16)
WEB = Region(IPV4, 6, Block(1024, 6, 16), Block(80, 16, 16), Block(0x0A00_0000, 8, 32))
ALLOW = VerdictFlow(7, Direction.INGRESS, basis=Basis.CONNECTION, region=WEB, mark=0xBEEF)


@st.composite
def blocks(draw: st.DrawFn, bits: int, *lengths: int) -> Block:
    length = draw(st.sampled_from(lengths) if lengths else st.integers(0, bits))
    return Block.around(draw(st.integers(0, (1 << bits) - 1)), length, bits)


@st.composite
def regions(draw: st.DrawFn, basis: Basis) -> Region:
    """Regions as verdicts have them: an untracked message has its type and code whole."""
    family = draw(st.sampled_from([IPV4, IPV6]))
    far = draw(blocks(family.bits))
    numbers = [None, family.icmp, 6, 17, 132, 47, *([] if basis.is_connection else [0])]
    protocol = draw(st.sampled_from(numbers))
    if basis.is_fragment:
        return Region(family, protocol, ANY, ANY, far, fragments=True)
    if protocol in ICMP_PROTOCOLS:
        kinds = blocks(8, 0, 8).map(lambda b: Block(b.value, 16 if b.length else 0, 16))
        return Region(family, protocol, draw(kinds), draw(kinds), far)
    if protocol in (6, 17, 132):
        return Region(family, protocol, draw(blocks(16)), draw(blocks(16)), far)
    return Region(family, protocol, ANY, ANY, far)


@st.composite
def verdicts(draw: st.DrawFn) -> VerdictFlow:
    basis = draw(st.sampled_from(Basis))
    return VerdictFlow(
        draw(st.integers(1, 0xFFFE)), draw(st.sampled_from(Direction)), basis,
        draw(regions(basis)), draw(st.sampled_from([0, 1, 0xFFFF_FFFF])),
    )  # fmt: skip


@given(verdicts())
def test_what_is_stated_is_read_back(verdict: VerdictFlow) -> None:
    assert read(verdict.flow()) == verdict


@given(verdicts(), st.data())
def test_the_wider_of_two_verdicts_is_tried_first(
    verdict: VerdictFlow, data: st.DataObject
) -> None:
    """So the switch looks no closer at a packet than its verdict needs."""
    narrow = verdict.region
    src, dst, far = (
        Block.around(block.value, data.draw(st.integers(0, block.length)), block.bits)
        for block in (narrow.tp_src, narrow.tp_dst, narrow.remote)
    )
    wide = narrow._replace(tp_src=src, tp_dst=dst, remote=far)
    assert priority(wide) >= priority(narrow) >= Priority.NAMED
    assert (priority(wide) == priority(narrow)) is (wide == narrow)
    anything = Region(narrow.family, None, ANY, ANY, Block(0, 0, narrow.family.bits))
    assert priority(anything) >= priority(wide)


@pytest.mark.parametrize(
    "near",
    [
        {"table": Table.LABEL},
        {"priority": Priority.GENERAL},
        {"priority": Priority.NAMED},
        {"cookie": 1},
        {"actions": ()},
        {"actions": (SetField(fields.VERDICT, 1),)},
        {"actions": (*ALLOW.flow().actions, SetField(fields.VERDICT, 1))},
        {"match": ALLOW.flow().match & match(ct_mark=1)},
        {"match": ALLOW.flow().match & match(reg5=1)},
        {"match": match(**{fields.JUDGED: 7, fields.DIRECTION: 1, fields.BASIS: 0})},
    ],
)
def test_what_is_not_exactly_stated_is_not_read(near: dict[str, object]) -> None:
    assert read(ALLOW.flow()) == ALLOW
    assert read(replace(ALLOW.flow(), **near)) is None  # type: ignore[arg-type]
