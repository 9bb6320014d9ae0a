"""Verdicts given in advance: what the policy allows needs no agent, and nothing more is allowed."""

from __future__ import annotations

from damselfly.flow.delta import Delta
from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port

from .frames import ACK, Frame
from .rig import Rig, done

GROUP = SecurityGroup(
    "web",
    "web",
    (
        Rule("any", "web", Direction.INGRESS, IPV4, ICMP, remote_group_id="web"),
        Rule("http", "web", Direction.INGRESS, IPV4, TCP, 80, 90),
        Rule("out", "web", Direction.EGRESS, IPV4),
        Rule("out6", "web", Direction.EGRESS, IPV6),
    ),
)


def port(number: int) -> Port:
    address = Prefix.parse(f"10.0.0.{number}")
    return Port(f"p{number}", "net", 0x02_00_00_00_00_00 + number, "", (address,), (), ("web",))


def frame(protocol: int, tp_src: int, tp_dst: int) -> Frame:
    packet = Packet(IPV4, protocol, 0x0A000001, 0x0A000002, tp_src, tp_dst)
    return Frame(port(1).mac, port(2).mac, packet)


def warm(rig: Rig, budget: int = 100) -> int:
    flows = rig.enforcement.warm(budget)
    done(rig.switch.apply(Delta(add=flows)))
    return len(flows)


def without_an_agent(rig: Rig) -> None:
    rig.switch.on_packet_in = lambda _: None


def test_without_an_agent_what_is_allowed_passes_and_the_rest_does_not() -> None:
    rig = Rig(GROUP, port(1), port(2))
    warm(rig)
    without_an_agent(rig)
    assert rig.send("p1", frame(TCP, 1000, 85)) == ["p2"]
    assert rig.send("p1", frame(TCP, 1000, 91)) == []
    assert rig.send("p1", frame(ICMP, 8, 0)) == ["p2"]


def test_an_unasked_icmp_message_that_a_rule_admits_passes_as_well() -> None:
    rig = Rig(GROUP, port(1), port(2))
    warm(rig)
    without_an_agent(rig)
    assert rig.send("p1", frame(ICMP, 0, 0)) == ["p2"]


def test_the_verdicts_are_those_that_traffic_would_have_brought() -> None:
    asked, warmed_up = Rig(GROUP, port(1), port(2)), Rig(GROUP, port(1), port(2))
    warm(warmed_up)
    for tp_dst in range(80, 91):
        asked.send("p1", frame(TCP, 1000, tp_dst))
    asked.send("p1", frame(ICMP, 8, 0))
    assert set(asked.verdicts()) <= set(warmed_up.verdicts())


def test_warming_again_sends_nothing() -> None:
    rig = Rig(GROUP, port(1), port(2))
    assert warm(rig) > 0
    assert warm(rig) == 0


def test_a_revocation_takes_warm_verdicts_away() -> None:
    rig = Rig(GROUP, port(1), port(2))
    warm(rig)
    assert rig.send("p1", frame(TCP, 1000, 85)) == ["p2"]
    rig.apply(SecurityGroup("web", "web", GROUP.rules[2:]))
    without_an_agent(rig)
    assert rig.send("p1", frame(TCP, 1001, 85)) == []
    assert rig.send("p1", Frame(port(1).mac, port(2).mac, frame(TCP, 1000, 85).packet, ACK)) == []


def test_the_budget_bounds_what_is_given_in_advance() -> None:
    rig = Rig(GROUP, port(1), port(2))
    warm(rig, budget=1)
    without_an_agent(rig)
    assert rig.send("p1", frame(TCP, 1000, 85)) == []
