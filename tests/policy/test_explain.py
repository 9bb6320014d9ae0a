"""What explain says, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, UDPLITE, AddressGroup, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import snapshot_of
from damselfly.policy.explain import Explanation, explain

from .hand import packet, policy, rule


def explained(asked: Packet, *rules: Rule, **port: object) -> Explanation:
    snapshot, me = policy(*rules, **port)  # type: ignore[arg-type]
    return explain(snapshot, me, Direction.INGRESS, asked)


def test_names_the_rule_that_admits_and_its_region() -> None:
    found = explained(packet(dst=443), rule(IPV4, TCP, 443, 443, id="https"))
    assert found.decision.allowed
    assert found.because == "rule https of group g admits it"
    assert found.verdict is not None
    assert str(found.verdict.region) == "IPv4, tcp, port 443"
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("asked", "given", "failed"),
    [
        (packet(protocol=UDP, dst=80), rule(IPV4, TCP, 80, 80), "protocol is udp, not tcp"),
        (packet(protocol=47), rule(IPV4, TCP), "protocol is gre, not tcp"),
        (packet(dst=81), rule(IPV4, TCP, 80, 80), "port 81 is not in 80"),
        (packet(dst=99), rule(IPV4, TCP, 80, 90), "port 99 is not in 80-90"),
        (packet(IPV4, ICMP, 0, 8), rule(IPV4, ICMP, 0), "type 8 is not in 0"),
        (packet(IPV4, ICMP, 1, 8), rule(IPV4, ICMP, 8, 0), "code 1 is not in 0"),
        (
            packet(),
            rule(remote_ip_prefix=Prefix.parse("10.0.0.0/8")),
            "remote 192.0.2.7 is not in 10.0.0.0/8",
        ),
        (
            packet(),
            rule(remote_ip_prefix=Prefix.parse("fd00::/8")),
            "matches nothing: remote_ip_prefix fd00::/8 is not IPv4",
        ),
        (
            packet(),
            rule(remote_group_id="who"),
            "matches nothing: remote group who is not known",
        ),
        (
            packet(protocol=UDPLITE),
            rule(IPV4, UDPLITE, 80, 80),
            "matches nothing: the switch does not see the ports of udplite",
        ),
    ],
)  # fmt: skip
def test_says_which_condition_failed(asked: Packet, given: Rule, failed: str) -> None:
    found = explained(asked, given)
    assert not found.decision.allowed
    assert found.because == "none of 1 ingress rules admits it"
    assert [reason.failed for reason in found.reasons] == [failed]


def test_says_that_the_far_end_is_not_a_member() -> None:
    found = explained(packet(), rule(remote_group_id="g"), fixed_ips=(Prefix.parse("10.0.0.1"),))
    assert found.reasons[0].failed == "remote 192.0.2.7 is not a member of group g"


def test_says_that_the_far_end_is_not_in_the_address_group() -> None:
    office = AddressGroup("office", "", (Prefix.parse("198.51.100.0/24"),))
    found = explained(packet(), rule(remote_address_group_id="office"), others=(office,))
    assert found.reasons[0].failed == "remote 192.0.2.7 is not in address group office"
    inside = packet(remote="198.51.100.9")
    found = explained(inside, rule(remote_address_group_id="office"), others=(office,))
    assert found.because == "rule r of group g admits it"
    assert str(found.verdict and found.verdict.region) == "IPv4, remote 198.51.100.0/24"


def test_says_that_no_group_is_worn() -> None:
    found = explained(packet(), rule(), security_groups=())
    assert found.because == "the port wears no group, so nothing but the built-ins passes"


def test_says_that_no_rule_is_for_this_family() -> None:
    found = explained(packet(IPV6), rule(IPV4))
    assert found.because == "no ingress rule of its groups is for this address family"


def test_says_that_port_security_is_off() -> None:
    found = explained(packet(), port_security_enabled=False)
    assert found.decision.allowed
    assert found.because == "port security is off: nothing is filtered here"
    assert found.verdict is None


def test_says_why_a_port_is_closed() -> None:
    me = Port("me", "net", 1)
    snapshot = snapshot_of([me], closed={"me": "its record is damaged"})
    found = explain(snapshot, me, Direction.INGRESS, packet())
    assert not found.decision.allowed
    assert found.because == "the port is closed: its record is damaged"


def test_says_that_a_stateless_port_judges_each_packet() -> None:
    loose = SecurityGroup("loose", "loose", (replace(rule(), security_group_id="loose"),), False)
    for asked in (packet(), packet(IPV6)):
        found = explained(asked, security_groups=("loose",), others=(loose,))
        assert found.per_packet
    assert not explained(packet(), rule()).per_packet


def test_says_that_groups_of_two_kinds_close_a_port() -> None:
    loose = SecurityGroup("loose", "loose", (), False)
    found = explained(packet(), rule(), security_groups=("g", "loose"), others=(loose,))
    assert not found.decision.allowed
    why = "its group g is stateful and loose is not: they must agree"
    assert found.because == f"the port is closed: {why}"
