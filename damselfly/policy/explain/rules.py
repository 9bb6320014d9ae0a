"""Which rule decided, and why: the specification's answer in words."""

from __future__ import annotations

from typing import NamedTuple

from damselfly.model.address import address_text
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, PROTOCOL_NAMES, Rule
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import is_stateful
from damselfly.policy.decision import Decision, decide, rules_of, why_closed
from damselfly.policy.meaning import box, why_nothing
from damselfly.policy.region import Verdict
from damselfly.policy.rulebook import rule_book


class Reason(NamedTuple):
    """A rule that did not admit the packet, and the condition that failed."""

    rule: Rule
    failed: str


class Explanation(NamedTuple):
    """What one end says of a packet."""

    port: Port
    direction: Direction
    decision: Decision
    because: str
    verdict: Verdict | None
    """The verdict with its region; None where no rule is asked."""
    reasons: tuple[Reason, ...]
    """Why each rule failed; empty where one admits."""
    per_packet: bool = False
    """Whether rules judge each packet for itself, because the port's groups are stateless."""


def explain(snapshot: Snapshot, port: Port, direction: Direction, packet: Packet) -> Explanation:
    """Judge the packet at the port and say why."""
    decision = decide(snapshot, port, direction, packet)
    closed = why_closed(snapshot, port)
    if closed is not None:
        because = f"the port is closed: {closed}"
        return Explanation(port, direction, decision, because, None, ())
    if not port.port_security_enabled:
        because = "port security is off: nothing is filtered here"
        return Explanation(port, direction, decision, because, None, ())
    loose = not is_stateful(snapshot, port)
    verdict = rule_book(snapshot, port.security_groups, direction, packet.family).judge(packet)
    if decision.rule is not None:
        because = f"rule {decision.rule.id} of group {decision.rule.security_group_id} admits it"
        return Explanation(port, direction, decision, because, verdict, (), loose)
    rules = list(rules_of(snapshot, port.security_groups, direction, packet.family))
    reasons = tuple(Reason(rule, _failing(rule, direction, packet, snapshot)) for rule in rules)
    because = _nobody(port, direction, rules)
    return Explanation(port, direction, decision, because, verdict, reasons, loose)


def _nobody(port: Port, direction: Direction, rules: list[Rule]) -> str:
    if not port.security_groups:
        return "the port wears no group, so nothing but the built-ins passes"
    if not rules:
        return f"no {direction.value} rule of its groups is for this address family"
    return f"none of {len(rules)} {direction.value} rules admits it"


def _failing(rule: Rule, direction: Direction, packet: Packet, snapshot: Snapshot) -> str:
    """Name the first condition of the rule that the packet fails."""
    meaning = box(rule, snapshot)
    if meaning is None:
        return f"matches nothing: {why_nothing(rule, snapshot)}"
    if packet.fragment and not (meaning.tp_src.is_everything and meaning.tp_dst.is_everything):
        return "it names what a lone fragment does not show"
    if meaning.protocol is not None and meaning.protocol != packet.protocol:
        return f"protocol is {_protocol(packet.protocol)}, not {_protocol(meaning.protocol)}"
    names = ("type", "code") if packet.protocol in ICMP_PROTOCOLS else ("source port", "port")
    values = (packet.tp_src, packet.tp_dst)
    for name, value, allowed in zip(names, values, (meaning.tp_src, meaning.tp_dst), strict=True):
        if value not in allowed:
            spans = ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in allowed.spans())
            return f"{name} {value} is not in {spans}"
    return f"remote {_remote(rule, direction, packet)}"


def _remote(rule: Rule, direction: Direction, packet: Packet) -> str:
    address = address_text(packet.family, packet.remote(direction))
    if rule.remote_group_id is not None:
        return f"{address} is not a member of group {rule.remote_group_id}"
    if rule.remote_address_group_id is not None:
        return f"{address} is not in address group {rule.remote_address_group_id}"
    return f"{address} is not in {rule.remote_ip_prefix}"


def _protocol(number: int) -> str:
    return PROTOCOL_NAMES.get(number, str(number))
