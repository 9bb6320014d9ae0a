"""ovs-ofctl takes every flow that we write, and prints it as we do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.flow.flow import Flow, MeterBand
from damselfly.flow.text import format_flow, parse_flows
from tests.flow.flows import METERS, flows

from .arena import Arena
from .real import RealSwitch

pytestmark = pytest.mark.ovs


@settings(max_examples=60)
@given(stated=st.lists(flows(), min_size=8, max_size=20, unique_by=lambda flow: flow.key))
def test_ofctl_prints_what_we_write(arena: Arena, stated: list[Flow]) -> None:
    async def compare(switch: RealSwitch) -> None:
        await switch.set_meters([MeterBand(number, 100, 10) for number in METERS])
        text = "\n".join(map(format_flow, stated)) + "\n"
        switch.dummy.ofctl("del-flows")
        switch.dummy.ofctl("add-flows", "-", text=text)
        dump = switch.dummy.ofctl("dump-flows", "--no-stats")
        switch.dummy.ofctl("del-flows")
        assert sorted(line.strip() for line in dump.splitlines()) == sorted(text.splitlines())
        assert set(parse_flows(dump)) == set(stated)

    arena.run(compare)
