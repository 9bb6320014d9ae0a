"""The compiled rules say what the specification says, whatever came before them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import snapshot_of
from damselfly.policy.decision import admits, decide
from damselfly.policy.meaning import box, why_nothing
from damselfly.policy.renewal import recompiled
from damselfly.policy.rulebook import rule_book

from .blocks import cells, packet_of, packets_at_edges
from .worlds import TINY, WIDE, World, packets, worlds


@given(st.data(), worlds(WIDE))
def test_judges_as_the_specification_does_and_names_the_same_rule(
    data: st.DataObject, world: World
) -> None:
    book = world.book()
    for packet in data.draw(st.lists(packets(world, WIDE), min_size=1, max_size=20)):
        verdict = book.judge(packet)
        decision = decide(world.snapshot, world.port, world.direction, packet)
        assert (verdict.allowed, verdict.rule) == (decision.allowed, decision.rule)
        assert verdict.region.holds(packet, world.direction)


@given(st.data(), worlds(WIDE))
def test_a_rules_box_holds_what_the_rule_admits(data: st.DataObject, world: World) -> None:
    packet = data.draw(packets(world, WIDE))
    remote = packet.remote(world.direction)
    for rule in world.rules:
        meaning = box(rule, world.snapshot)
        assert (meaning is None) == (why_nothing(rule, world.snapshot) is not None)
        inside = (
            meaning is not None
            and meaning.protocol in (None, packet.protocol)
            and packet.tp_src in meaning.tp_src
            and packet.tp_dst in meaning.tp_dst
            and remote in meaning.remote
        )
        assert inside == admits(rule, world.direction, packet, world.snapshot)


@given(st.data(), worlds(TINY))
def test_own_verdicts_hold(data: st.DataObject, world: World) -> None:
    book = world.book()
    for packet in data.draw(st.lists(packets(world, TINY), min_size=1, max_size=8)):
        assert book.holds(book.judge(packet))


@given(st.data(), worlds(TINY), worlds(TINY))
def test_a_verdict_of_other_rules_holds_exactly_where_these_rules_give_it_too(
    data: st.DataObject, old: World, new: World
) -> None:
    new = new._replace(direction=old.direction, family=old.family)
    book, packet = new.book(), data.draw(packets(old, TINY))
    verdict = old.book().judge(packet)
    if book.holds(verdict):
        for near in (packet, *data.draw(st.lists(packets(old, TINY), max_size=10))):
            if verdict.region.holds(near, old.direction):
                decision = decide(new.snapshot, new.port, new.direction, near)
                assert decision.allowed == verdict.allowed
    elif verdict.rule is None:
        assert any(
            admits(rule, new.direction, near, new.snapshot)
            for near in packets_at_edges(new, verdict.region)
            for rule in new.rules
        )


@given(st.data(), worlds(WIDE), worlds(WIDE))
def test_judging_does_not_depend_on_the_book_before(
    data: st.DataObject, old: World, new: World
) -> None:
    """Members, and what is listed, change under the same rules; no verdict tells in which order."""
    moved = snapshot_of(
        [
            *new.snapshot.ports.values(),
            *new.snapshot.address_groups.values(),
            *old.snapshot.groups.values(),
            old.port,
        ],
    )
    now = old._replace(snapshot=moved)
    packet = data.draw(packets(now, WIDE))
    assert now.book(previous=old.book()).judge(packet) == now.book().judge(packet)


def test_denials_are_narrowed_alike_whether_members_came_at_once_or_one_by_one() -> None:
    """The cheaper field to narrow depends on how many members there are now, not at first."""
    rule = Rule("r", "g", Direction.INGRESS, IPV4, TCP, 80, 80, remote_group_id="g")
    group = SecurityGroup("g", "g", (rule,))
    ports = [
        Port(f"p{n}", "net", n + 1, fixed_ips=(Prefix(IPV4, 0x0A000000 + 3 * n, 32),),
             security_groups=("g",))
        for n in range(300)
    ]  # fmt: skip
    whole = snapshot_of([group, *ports])
    question = (("g",), Direction.INGRESS, IPV4)
    first = rule_book(snapshot_of([group, ports[0]]), *question)
    packet = Packet(IPV4, TCP, 0xC0A80001, 0x0A000001, 1000, 22)
    grown = recompiled(first, whole, ("g",)).judge(packet)
    assert grown == rule_book(whole, *question).judge(packet)


@given(worlds(TINY))
def test_allowances_are_what_judging_gives_and_cover_all_that_is_admitted(world: World) -> None:
    book = world.book()
    allowances = list(book.allowances())
    for cell in cells(world):
        packet = packet_of(world, cell)
        verdict = book.judge(packet)
        covering = [v for v in allowances if v.region.holds(packet, world.direction)]
        assert bool(covering) == verdict.allowed
        assert not verdict.allowed or verdict in covering
