"""Stored objects: what goes in comes out, and what cannot be read is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.errors import BadInput
from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMPV6, TCP, AddressGroup, Rule, SecurityGroup, in_order
from damselfly.model.network import Network, Route, Subnet
from damselfly.model.port import AddressPair, Port
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, decode, encode, key_of, write, written_together

IDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
MACS = st.integers(1, (1 << 48) - 1).filter(lambda mac: not mac & 1 << 40)


def prefixes(family: Family) -> st.SearchStrategy[Prefix]:
    def build(value: int, length: int) -> Prefix:
        free = family.bits - length
        return Prefix(family, value >> free << free, length)

    return st.builds(build, st.integers(0, (1 << family.bits) - 1), st.integers(0, family.bits))


def addresses() -> st.SearchStrategy[Prefix]:
    v4 = st.integers(0x0A000000, 0x0AFFFFFF).map(lambda value: Prefix(IPV4, value, 32))
    v6 = st.integers(1, 1 << 40).map(lambda value: Prefix(IPV6, (0xFD << 120) + value, 128))
    return v4 | v6


ANY_PREFIX = st.sampled_from(FAMILIES).flatmap(prefixes)
NETWORKS = st.builds(Network, IDS, IDS, st.integers(0, (1 << 24) - 1), st.integers(0, 9000))
SUBNETS = st.builds(
    Subnet,
    IDS,
    IDS,
    ANY_PREFIX,
    st.none() | addresses(),
    st.none() | addresses(),
    enable_dhcp=st.booleans(),
    dns_nameservers=st.lists(addresses(), max_size=2).map(tuple),
    host_routes=st.lists(st.builds(Route, ANY_PREFIX, addresses()), max_size=2).map(tuple),
    ipv6_ra_mode=st.sampled_from(["", "slaac"]),
    ipv6_address_mode=st.sampled_from(["", "slaac"]),
)
PORTS = st.builds(
    Port,
    id=IDS,
    network_id=IDS,
    mac=MACS,
    name=IDS,
    fixed_ips=st.lists(addresses(), max_size=3).map(tuple),
    allowed_address_pairs=st.lists(
        st.builds(AddressPair, ANY_PREFIX, st.none() | MACS), max_size=3
    ).map(tuple),
    security_groups=st.frozensets(IDS, max_size=3).map(lambda names: tuple(sorted(names))),
    port_security_enabled=st.booleans(),
    host=st.none() | IDS,
)
ADDRESS_GROUPS = st.builds(AddressGroup, IDS, IDS, st.lists(ANY_PREFIX, max_size=4).map(in_order))
GROUPS = st.builds(SecurityGroup, IDS, IDS, st.just(()), st.booleans())


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    family = draw(st.sampled_from(FAMILIES))
    rule = Rule(draw(IDS), draw(IDS), draw(st.sampled_from(Direction)), family)
    kind = draw(st.sampled_from(["any", "tcp", "icmp", "other"]))
    if kind == "tcp":
        low, high = sorted([draw(st.integers(0, 65535)), draw(st.integers(0, 65535))])
        rule = replace(rule, protocol=TCP, port_range_min=low, port_range_max=high)
    elif kind == "icmp":
        code = draw(st.none() | st.integers(0, 255))
        rule = replace(rule, protocol=family.icmp, port_range_min=0, port_range_max=code)
    elif kind == "other":
        rule = replace(rule, protocol=draw(st.integers(0, 255).filter(lambda n: n not in (1, 58))))
    if draw(st.booleans()):
        return replace(rule, remote_ip_prefix=draw(prefixes(family)))
    if draw(st.booleans()):
        return replace(rule, remote_address_group_id=draw(IDS))
    return replace(rule, remote_group_id=draw(st.none() | IDS))


THINGS = NETWORKS | SUBNETS | PORTS | ADDRESS_GROUPS | GROUPS | rules()


@given(THINGS)
def test_what_was_written_is_read_back(thing: Stored) -> None:
    key, value = write(thing)
    assert value is not None
    assert decode(key, value) == thing
    assert keys.is_regular(key)


@given(IDS, IDS)
def test_ids_survive_in_keys(one: str, other: str) -> None:
    assert keys.parse(keys.rule(one, other)) == (keys.RULE, (one, other))
    assert keys.parse(keys.port(one)) == (keys.PORT, (one,))
    assert keys.rule(one, other).startswith(keys.rules_of(one))
    assert keys.rules_of(one).count("/") == 3


def test_the_form_is_neutrons() -> None:
    port = Port(
        "p1", "n1", 0x020000000001, fixed_ips=(Prefix.parse("fd00::7"),),
        allowed_address_pairs=(AddressPair(Prefix.parse("10.1.0.0/16"), 0x020000000002),),
        security_groups=("web",), host="h1",
    )  # fmt: skip
    assert json.loads(encode(port)) == {
        "v": 1, "id": "p1", "name": "", "network_id": "n1", "mac_address": "02:00:00:00:00:01",
        "fixed_ips": [{"ip_address": "fd00::7"}], "host": "h1", "port_security_enabled": True,
        "allowed_address_pairs": [
            {"ip_address": "10.1.0.0/16", "mac_address": "02:00:00:00:00:02"}
        ],
        "security_groups": ["web"],
    }  # fmt: skip


def test_an_address_group_is_neutrons_and_lists_prefixes_in_order() -> None:
    listed = ("fd00::/64", "192.0.2.7", "10.0.0.0/8", "192.0.2.7")
    group = AddressGroup("a", "office", in_order(map(Prefix.parse, listed)))
    assert json.loads(encode(group)) == {
        "v": 1, "id": "a", "name": "office",
        "addresses": ["10.0.0.0/8", "192.0.2.7/32", "fd00::/64"],
    }  # fmt: skip
    data = b'{"v":1,"id":"a","name":"office","addresses":["fd00::1/64","192.0.2.7","10.9.0.0/8"]}'
    assert decode("/address-group/a", data) == group


def test_zero_is_a_value() -> None:
    data = b"""{"v":1,"id":"r","security_group_id":"g","direction":"ingress","ethertype":"IPv4",
        "protocol":"icmp","port_range_min":0,"port_range_max":0}"""
    rule = decode("/rule/g/r", data)
    assert isinstance(rule, Rule)
    assert (rule.port_range_min, rule.port_range_max) == (0, 0)


def test_icmp_in_ipv6_is_icmpv6() -> None:
    for spelt in ('"icmp"', '"ipv6-icmp"', '"icmpv6"', "1", "58", '"58"'):
        data = f"""{{"v":1,"id":"r","security_group_id":"g","direction":"ingress",
            "ethertype":"IPv6","protocol":{spelt}}}"""
        rule = decode("/rule/g/r", data.encode())
        assert isinstance(rule, Rule)
        assert rule.protocol == ICMPV6


GOOD_RULE = {"v": 1, "id": "r", "security_group_id": "g", "direction": "egress",
             "ethertype": "IPv4"}  # fmt: skip
GOOD_PORT = {"v": 1, "id": "p", "network_id": "n", "mac_address": "02:00:00:00:00:01"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"v": 2}, "v:"),
        ({"colour": "red"}, "colour"),
        ({"direction": "in"}, "direction"),
        ({"ethertype": "ipv4"}, "ethertype"),
        ({"protocol": 256}, "protocol"),
        ({"protocol": True}, "protocol"),
        ({"protocol": "tcpp"}, "protocol"),
        ({"protocol": "icmpv6"}, "protocol"),
        ({"port_range_min": 80, "port_range_max": 80}, "port_range_min"),
        ({"protocol": "gre", "port_range_max": 80}, "port_range_max"),
        ({"protocol": "tcp", "port_range_min": 80}, "port_range_max"),
        ({"protocol": "tcp", "port_range_min": 81, "port_range_max": 80}, "port_range_min"),
        ({"protocol": "tcp", "port_range_min": "80", "port_range_max": 80}, "port_range_min"),
        ({"protocol": "tcp", "port_range_min": 80, "port_range_max": 65536}, "port_range_max"),
        ({"protocol": "icmp", "port_range_max": 0}, "port_range_max"),
        ({"protocol": "icmp", "port_range_min": 256}, "port_range_min"),
        ({"remote_ip_prefix": "10.0.0.0/33"}, "remote_ip_prefix"),
        ({"remote_ip_prefix": "10.0.0.0/255.0.0.0"}, "remote_ip_prefix"),
        ({"remote_ip_prefix": "fd00::/8"}, "remote_ip_prefix"),
        ({"remote_ip_prefix": 10}, "remote_ip_prefix"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "g"}, "remote_group_id"),
        ({"id": "other"}, "id"),
        ({"security_group_id": "other"}, "id"),
    ],
)
def test_a_rule_that_cannot_mean_anything_is_refused(
    changed: dict[str, object], named: str
) -> None:
    with pytest.raises(BadInput) as caught:
        decode("/rule/g/r", json.dumps({**GOOD_RULE, **changed}).encode())
    assert str(caught.value).startswith("/rule/g/r: ")
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"mac_address": "01:00:5e:00:00:01"}, "mac_address"),
        ({"mac_address": "00:00:00:00:00:00"}, "mac_address"),
        ({"mac_address": "2"}, "mac_address"),
        ({"fixed_ips": [{"ip_address": "10.0.0.0/24"}]}, "fixed_ips.0.ip_address"),
        ({"fixed_ips": [{"ip_address": "224.0.0.1"}]}, "fixed_ips.0.ip_address"),
        ({"fixed_ips": [{"ip_address": "::"}]}, "fixed_ips.0.ip_address"),
        ({"fixed_ips": "10.0.0.1"}, "fixed_ips"),
        ({"allowed_address_pairs": [{"mac": "02:00:00:00:00:01"}]}, "allowed_address_pairs.0.mac"),
        ({"security_groups": [1]}, "security_groups.0"),
        ({"port_security_enabled": "no"}, "port_security_enabled"),
        ({"port_security_enabled": 0}, "port_security_enabled"),
        ({"network_id": ""}, "network_id"),
    ],
)
def test_a_port_that_cannot_be_read_is_refused(changed: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode("/port/p", json.dumps({**GOOD_PORT, **changed}).encode())
    assert f"{named}: " in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'"x"'])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match="/port/p: "):
        decode("/port/p", data)


def test_another_version_is_the_only_complaint() -> None:
    with pytest.raises(BadInput) as caught:
        decode("/port/p", b'{"v":2,"id":"p","shape":"round"}')
    assert str(caught.value) == "/port/p: v: 2 does not fit; accepted: 1"


def test_no_policy_lives_elsewhere() -> None:
    with pytest.raises(BadInput):
        decode("/member/g/p", b"{}")


def test_a_port_is_written_with_its_index_entries() -> None:
    port = Port("p", "n", 2, fixed_ips=(Prefix.parse("10.0.0.4"),), security_groups=("a", "b"))
    entries = {key for key, _ in written_together(port)}
    assert entries == {"/member/a/p", "/member/b/p", "/network-port/n/p"}
    assert key_of(port) == "/port/p"


def test_a_network_is_written_with_its_number() -> None:
    entries = {key for key, _ in written_together(Network("n", "n", 7))}
    assert entries == {"/segment/7"}
