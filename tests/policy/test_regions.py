"""Verdicts hold for whole regions: sound, in agreement, as wide as can be, and few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.group import ICMP_PROTOCOLS
from damselfly.policy.decision import admits, decide
from damselfly.policy.region import Region, Verdict

from .blocks import candidates, cells, packet_of, packets_at_edges
from .worlds import TINY, WIDE, World, packets, worlds


@given(st.data(), worlds(WIDE))
def test_every_packet_of_a_region_gets_its_verdict(data: st.DataObject, world: World) -> None:
    book = world.book()
    seen = data.draw(st.lists(packets(world, WIDE), min_size=1, max_size=12))
    for verdict in {book.judge(packet) for packet in seen}:
        for packet in [*seen, *packets_at_edges(world, verdict.region)]:
            if verdict.region.holds(packet, world.direction):
                decision = decide(world.snapshot, world.port, world.direction, packet)
                assert decision.allowed == verdict.allowed, packet


@given(worlds(TINY))
def test_every_packet_of_a_tiny_world_gets_the_verdict_of_each_region_it_lies_in(
    world: World,
) -> None:
    verdicts = _exhaust(world)
    for cell in cells(world):
        packet = packet_of(world, cell)
        expected = decide(world.snapshot, world.port, world.direction, packet).allowed
        covering = [v for v in verdicts if v.region.holds(packet, world.direction)]
        assert covering
        assert {verdict.allowed for verdict in covering} == {expected}


@given(st.data(), worlds(WIDE))
def test_overlapping_verdicts_agree(data: st.DataObject, world: World) -> None:
    book = world.book()
    seen = data.draw(st.lists(packets(world, WIDE), min_size=2, max_size=12))
    verdicts = {book.judge(packet) for packet in seen}
    for one in verdicts:
        for other in verdicts:
            if one.region.meets(other.region):
                assert one.allowed == other.allowed


@given(st.data(), worlds(WIDE))
def test_doubling_any_field_leaves_where_the_answer_holds(
    data: st.DataObject, world: World
) -> None:
    book = world.book()
    packet = data.draw(packets(world, WIDE))
    verdict = book.judge(packet)
    for wider in _doubled(verdict.region):
        assert _breaks(world, verdict, wider), wider


@given(worlds(TINY))
def test_no_region_of_a_tiny_world_can_be_doubled(world: World) -> None:
    for verdict in _exhaust(world):
        for wider in _doubled(verdict.region):
            assert _breaks(world, verdict, wider), wider


@given(worlds(TINY))
def test_exhausting_the_packet_space_takes_no_more_verdicts_than_it_has_cells(
    world: World,
) -> None:
    """The bound of a policy's table.

    For each protocol: the product, over source port (ICMP type), destination port (ICMP code) and
    remote, of the number of coarsest aligned blocks on which every rule is constant.  Types and
    codes count one by one.  Traffic does not occur in it.
    """
    space = list(cells(world))
    assert len(_exhaust(world)) <= len(space)


@given(worlds(TINY))
def test_packets_of_one_cell_share_one_region(world: World) -> None:
    """So the bound holds for every packet, and not only for those that stand for a cell."""
    book = world.book()
    for cell in cells(world):
        assert book.judge(packet_of(world, cell)) == book.judge(packet_of(world, cell, last=True))


@given(st.data(), worlds(WIDE))
def test_types_and_codes_are_matched_whole_or_not_at_all(data: st.DataObject, world: World) -> None:
    region = world.book().judge(data.draw(packets(world, WIDE))).region
    if region.protocol in ICMP_PROTOCOLS:
        assert {region.tp_src.length, region.tp_dst.length} <= {0, 16}
    if region.protocol is None:
        assert region.tp_src.is_everything
        assert region.tp_dst.is_everything


def _exhaust(world: World) -> set[Verdict]:
    """Send one packet of every cell, and judge those that no verdict covers."""
    book = world.book()
    verdicts: set[Verdict] = set()
    for cell in cells(world):
        packet = packet_of(world, cell)
        if not any(verdict.region.holds(packet, world.direction) for verdict in verdicts):
            verdicts.add(book.judge(packet))
    return verdicts


def _doubled(region: Region) -> list[Region]:
    """Return the regions that are twice as wide in one field, as far as a match can say so."""
    found = []
    for name in ("tp_src", "tp_dst", "remote"):
        block = getattr(region, name)
        if not block.is_everything:
            whole = region.protocol in ICMP_PROTOCOLS and name != "remote"
            wider = block.around(0, 0, block.bits) if whole else block.widened()
            found.append(region._replace(**{name: wider}))
    if region.protocol is not None and region.tp_src.is_everything and region.tp_dst.is_everything:
        found.append(region._replace(protocol=None))
    return found


def _breaks(world: World, verdict: Verdict, wider: Region) -> bool:
    """Tell whether some packet of the wider region is answered otherwise.

    For an allow: the rule that gave it does not admit it.  For a denial: some rule admits it.
    """
    asked = [verdict.rule] if verdict.rule is not None else world.rules
    return any(
        admits(rule, world.direction, packet, world.snapshot) is not verdict.allowed
        for rule in asked
        for packet in candidates(world, rule, wider)
    )
