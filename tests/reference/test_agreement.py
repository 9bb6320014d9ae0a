"""Three readings of every policy, one answer: the reference, the specification, the flows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.model.address import FAMILY_BY_NAME
from damselfly.model.direction import Direction
from damselfly.policy.decision import decide
from damselfly.policy.explain import explain
from damselfly.policy.rulebook import rule_book
from tests.scenarios.rig import Rig

from . import drawn, traffic, translated
from .evaluator import admits, hears_answer, receivers


@settings(max_examples=100)
@given(st.data())
def test_decisions_and_rule_books_say_what_the_reference_says(data: st.DataObject) -> None:
    policy = data.draw(drawn.policies())
    snapshot = translated.snapshot(policy)
    for _ in range(4):
        _, frame = data.draw(traffic.frames(policy))
        packet = translated.packet(frame)
        family = FAMILY_BY_NAME[frame["ethertype"]]
        for port in policy["ports"]:
            for direction in Direction:
                expected = admits(policy, port, direction.value, frame)
                asked = snapshot.ports[port["id"]]
                assert decide(snapshot, asked, direction, packet).allowed == expected
                assert explain(snapshot, asked, direction, packet).decision.allowed == expected
                if asked.port_security_enabled:
                    book = rule_book(snapshot, asked.security_groups, direction, family)
                    verdict = book.judge(packet)
                    assert verdict.allowed == expected
                    assert verdict.region.holds(packet, direction)


@settings(max_examples=100)
@given(st.data())
def test_the_flows_deliver_what_the_reference_says(data: st.DataObject) -> None:
    """Verdicts of earlier frames stay; connections do not, so that each frame opens its own."""
    policy = data.draw(drawn.policies())
    rig = Rig(*translated.things(policy))
    for _ in range(6):
        sender, frame = data.draw(traffic.frames(policy))
        rig.switch.flush_connections()
        assert rig.send(sender, translated.wire(frame)) == receivers(policy, sender, frame)


@settings(max_examples=100)
@given(st.data())
def test_answers_come_back_as_the_reference_says(data: st.DataObject) -> None:
    """Of a stateful port by themselves, of a stateless one where a rule admits them."""
    policy = data.draw(drawn.policies())
    rig = Rig(*translated.things(policy))
    ports = {port["id"]: port for port in policy["ports"]}
    for _ in range(6):
        sender, frame = data.draw(traffic.frames(policy))
        rig.switch.flush_connections()
        for receiver in rig.send(sender, translated.wire(frame)):
            answer = traffic.answer(ports[sender], ports[receiver], frame)
            if answer is not None:
                heard = hears_answer(policy, ports[sender], ports[receiver], answer)
                expected = [sender] if heard else []
                assert rig.send(receiver, translated.wire(answer)) == expected
