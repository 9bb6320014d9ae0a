"""Neutron's rules, groups and address groups in our words."""

from __future__ import annotations

from typing import Any

import pytest

from damselfly.errors import BadInput
from damselfly.model.address import Prefix
from damselfly.model.group import PROTOCOL_NUMBERS, in_order
from damselfly.neutron import translate
from tests.neutron_driver.fields import GROUP, rule


def test_an_absent_condition_stays_absent() -> None:
    made = translate.rule(rule())
    assert made.protocol is None
    assert made.port_range_min is None
    assert made.remote_ip_prefix is None
    assert made.remote_group_id is None


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("tcp", 6), ("TCP", 6), ("6", 6), ("icmp", 1), ("0", 0), ("hopopt", 0), ("112", 112),
        ("sctp", 132), ("255", 255), ("any", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_protocols_come_by_name_and_by_number(said: str | None, meant: int | None) -> None:
    assert translate.rule(rule(protocol=said)).protocol == meant


@pytest.mark.parametrize("name", sorted(PROTOCOL_NUMBERS))
def test_every_name_of_the_api_is_known(name: str) -> None:
    ethertype = "IPv6" if "v6" in name else "IPv4"
    assert translate.rule(rule(protocol=name, ethertype=ethertype)).protocol is not None


@pytest.mark.parametrize("said", ["icmp", "1", "icmpv6", "ipv6-icmp", "58"])
def test_icmp_of_ipv6_is_one_protocol_whatever_it_is_called(said: str) -> None:
    assert translate.rule(rule(protocol=said, ethertype="IPv6")).protocol == 58


def test_zero_is_a_value() -> None:
    made = translate.rule(rule(protocol="icmp", port_range_min=0, port_range_max=0))
    assert (made.port_range_min, made.port_range_max) == (0, 0)


def test_host_bits_of_a_prefix_are_cleared() -> None:
    made = translate.rule(rule(remote_ip_prefix="10.1.2.3/16"))
    assert made.remote_ip_prefix == Prefix.parse("10.1.0.0/16")


@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol": "carrier-pigeon"},
        {"protocol": "256"},
        {"ethertype": "ARP"},
        {"remote_ip_prefix": "fd00::/8"},
        {"remote_ip_prefix": "somewhere"},
        {"port_range_min": 80, "port_range_max": 80},
        {"protocol": "tcp", "port_range_min": 80},
        {"protocol": "gre", "port_range_min": 1, "port_range_max": 1},
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_meant_is_refused_and_never_widened(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        translate.rule(rule(**wrong))


@pytest.mark.parametrize("name", ["dccp", "33", "udplite", "136"])
def test_ports_that_the_switch_cannot_see_are_unkeepable(name: str) -> None:
    ports = {"port_range_min": 5000, "port_range_max": 5001}
    assert translate.unkeepable(rule(protocol=name, **ports)) is not None
    assert translate.unkeepable(rule(protocol=name)) is None


@pytest.mark.parametrize("name", ["tcp", "udp", "sctp", "6", "132"])
def test_ports_that_the_switch_can_see_are_kept(name: str) -> None:
    assert translate.unkeepable(rule(protocol=name, port_range_min=1, port_range_max=2)) is None


def test_a_group_is_stateful_unless_it_says_otherwise() -> None:
    assert translate.group({"id": GROUP, "name": "web", "stateful": None}).stateful
    assert translate.group({"id": GROUP, "name": "web"}).stateful
    assert not translate.group({"id": GROUP, "name": "web", "stateful": False}).stateful


def test_an_address_group_lists_prefixes_in_one_order() -> None:
    listed = ["fd00::/64", "10.0.0.0/8", "192.0.2.1/32"]
    made = translate.address_group({"id": "a", "name": "office", "addresses": listed})
    assert made == translate.address_group({"id": "a", "name": "office", "addresses": listed[::-1]})
    assert made.addresses == in_order(Prefix.parse(one) for one in listed)


def test_an_address_group_that_comes_without_members_has_none() -> None:
    assert translate.address_group({"id": "a", "name": "office", "addresses": []}).addresses == ()
