"""Where the readings once differed, or knowingly do: each with the day it was found."""

from __future__ import annotations

from damselfly.model.direction import Direction
from damselfly.policy.decision import decide

from . import evaluator, translated
from .evaluator import Json
from .hand import WEB, policy, port, rule

NAMED = {"id": "r", "security_group_id": "g"}


def stored(meant: Json) -> Json:
    """Complete a policy written by hand so that it can be stored."""
    return meant | {"networks": ["net"]}


def test_protocol_zero_is_a_number_to_us_and_any_protocol_to_the_api() -> None:
    """2026-11-23.  The API's "any (or integer 0)": we admit less, protocol 0 alone."""
    meant = stored(policy(rule(protocol=0) | NAMED))
    frame = WEB | {"source_ip": "10.0.0.2", "destination_ip": "10.0.0.1"}
    view, me = translated.snapshot(meant), port(1, "g")
    assert evaluator.admits(meant, me, "ingress", frame)
    for protocol, ours in ((6, False), (0, True)):
        packet = translated.packet(frame | {"protocol": protocol})
        assert decide(view, view.ports["p1"], Direction.INGRESS, packet).allowed is ours
