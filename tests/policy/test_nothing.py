"""Rules that match nothing: a condition that cannot hold never widens to "any", and says why."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, IPV6, Family, Prefix
from damselfly.model.group import DCCP, ICMP, ICMPV6, SCTP, TCP, UDPLITE, AddressGroup
from damselfly.policy.meaning import why_nothing

from .hand import GRE, allowed, packet, policy, rule


def test_icmpv6_in_ipv4_matches_nothing() -> None:
    assert not allowed(packet(IPV4, ICMPV6), rule(IPV4, ICMPV6))


@pytest.mark.parametrize(
    ("family", "prefix"), [(IPV4, "::/0"), (IPV6, "0.0.0.0/0"), (IPV4, "2001:db8::/32")]
)
def test_a_prefix_of_the_other_family_matches_nothing(family: Family, prefix: str) -> None:
    wrong = rule(family, remote_ip_prefix=Prefix.parse(prefix))
    assert not allowed(packet(family), wrong)
    assert "is not" in str(why_nothing(wrong, policy(wrong)[0]))


def test_an_unknown_remote_group_matches_nothing() -> None:
    unknown = rule(remote_group_id="who")
    assert not allowed(packet(), unknown)
    assert "not known" in str(why_nothing(unknown, policy(unknown)[0]))


def test_an_empty_remote_group_matches_nothing() -> None:
    own = rule(remote_group_id="g")
    assert not allowed(packet(), own)
    assert "has no IPv4 member" in str(why_nothing(own, policy(own)[0]))


def test_an_unknown_address_group_matches_nothing() -> None:
    unknown = rule(remote_address_group_id="g")
    assert not allowed(packet(), unknown)
    assert "address group g is not known" in str(why_nothing(unknown, policy(unknown)[0]))


@pytest.mark.parametrize("listed", [(), (Prefix.parse("::/0"),)])
def test_an_address_group_without_an_address_of_the_family_matches_nothing(
    listed: tuple[Prefix, ...],
) -> None:
    named = rule(remote_address_group_id="a")
    group = AddressGroup("a", "a", listed)
    assert not allowed(packet(), named, others=(group,))
    why = why_nothing(named, policy(named, others=(group,))[0])
    assert why == "address group a has no IPv4 address"


@pytest.mark.parametrize("number", [DCCP, UDPLITE])
def test_ports_that_the_switch_does_not_see_match_nothing(number: int) -> None:
    one = rule(IPV4, number, 80, 80)
    assert not allowed(packet(protocol=number, dst=80), one)
    assert "does not see the ports" in str(why_nothing(one, policy(one)[0]))


@pytest.mark.parametrize("number", [SCTP, DCCP, UDPLITE])
@pytest.mark.parametrize("ports", [(), (0, 0xFFFF)])
def test_all_ports_of_such_a_protocol_can_be_admitted(number: int, ports: tuple[int, ...]) -> None:
    assert allowed(packet(protocol=number, dst=80), rule(IPV4, number, *ports))


@pytest.mark.parametrize("number", [None, GRE])
def test_ports_of_a_protocol_that_has_none_match_nothing(number: int | None) -> None:
    wrong = rule(IPV4, number, 80, 80)
    assert not allowed(packet(dst=80), wrong)
    assert "need a protocol" in str(why_nothing(wrong, policy(wrong)[0]))


def test_a_range_upside_down_matches_nothing() -> None:
    wrong = rule(IPV4, TCP, 90, 80)
    assert not allowed(packet(dst=85), wrong)
    assert "empty" in str(why_nothing(wrong, policy(wrong)[0]))


def test_a_code_without_a_type_matches_nothing() -> None:
    assert not allowed(packet(IPV4, ICMP, 0, 8), rule(IPV4, ICMP, None, 0))
