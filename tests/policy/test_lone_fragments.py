"""Fragments that nobody puts together: only rules that name no port, type or code admit them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, IPV6, Family
from damselfly.model.group import SCTP, TCP, UDP
from damselfly.model.packet import Packet
from damselfly.policy.decision import decide
from damselfly.policy.renewal import recompiled
from damselfly.policy.rulebook import rule_book

from .hand import allowed, packet, policy, rule
from .worlds import WIDE, World, packets, worlds


def piece(whole: Packet) -> Packet:
    return whole._replace(tp_src=0, tp_dst=0, fragment=True)


@pytest.mark.parametrize("number", [TCP, UDP, SCTP])
def test_a_rule_with_ports_admits_no_fragment_not_even_from_port_0(number: int) -> None:
    asked = piece(packet(protocol=number))
    assert not allowed(asked, rule(IPV4, number, 80, 80))
    assert not allowed(asked, rule(IPV4, number, 0, 80))
    assert not allowed(asked, rule(IPV4, number, 80, 0xFFFF))
    assert allowed(asked, rule(IPV4, number))
    assert allowed(asked, rule(IPV4, number, 0, 0xFFFF))
    assert allowed(asked, rule(IPV4))


@pytest.mark.parametrize("family", [IPV4, IPV6])
def test_a_rule_with_a_type_admits_no_fragment_not_even_of_type_0(family: Family) -> None:
    asked = piece(packet(family, family.icmp))
    assert not allowed(asked, rule(family, family.icmp, 0))
    assert not allowed(asked, rule(family, family.icmp, 0, 0))
    assert allowed(asked, rule(family, family.icmp))


@given(st.data(), worlds(WIDE))
def test_rule_books_judge_fragments_as_the_specification_does(
    data: st.DataObject, world: World
) -> None:
    book = world.book()
    for whole in data.draw(st.lists(packets(world, WIDE), min_size=1, max_size=10)):
        asked = piece(whole)
        verdict = book.judge(asked)
        decision = decide(world.snapshot, world.port, world.direction, asked)
        assert (verdict.allowed, verdict.rule) == (decision.allowed, decision.rule)
        assert verdict.region.holds(asked, world.direction)
        assert not verdict.region.holds(whole, world.direction)
        assert book.holds(verdict)


@given(st.data(), worlds(WIDE))
def test_a_verdict_on_a_fragment_is_true_of_all_in_its_region(
    data: st.DataObject, world: World
) -> None:
    book = world.book()
    asked = [piece(one) for one in data.draw(st.lists(packets(world, WIDE), min_size=2))]
    for verdict in map(book.judge, asked):
        for other in asked:
            if verdict.region.holds(other, world.direction):
                decision = decide(world.snapshot, world.port, world.direction, other)
                assert decision.allowed == verdict.allowed


@given(st.data(), worlds(WIDE), worlds(WIDE))
def test_after_a_change_fragments_are_judged_by_the_rules_of_now(
    data: st.DataObject, before: World, after: World
) -> None:
    groups = after.port.security_groups
    question = (groups, after.direction, after.family)
    book = rule_book(before.snapshot, *question)
    asked = piece(data.draw(packets(after, WIDE)))
    book.judge(asked)
    verdict = recompiled(book, after.snapshot, groups).judge(asked)
    assert verdict == rule_book(after.snapshot, *question).judge(asked)


def test_a_fragment_says_so() -> None:
    assert str(piece(packet())).endswith("protocol 6 a fragment")
    snapshot, me = policy(rule(IPV4, TCP, 80, 80))
    book = rule_book(snapshot, me.security_groups, rule().direction, IPV4)
    assert str(book.judge(piece(packet())).region) == "IPv4, fragments"


def test_what_answers_is_the_same_the_other_way_round() -> None:
    asked = packet(src=1000, dst=80)
    answer = asked.turned()
    assert (answer.source, answer.destination) == (asked.destination, asked.source)
    assert (answer.tp_src, answer.tp_dst) == (80, 1000)
    assert answer.turned() == asked
