"""Addresses as integers, against the standard library's."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import (
    FAMILY_BY_VERSION,
    IPV4,
    IPV6,
    Prefix,
    address_text,
    link_local,
    mac_text,
    parse_address,
    parse_mac,
)

networks = st.one_of(
    st.builds(
        lambda value, length: ipaddress.ip_network((value, length), strict=False),
        st.ip_addresses(v=4).map(int),
        st.integers(0, 32),
    ),
    st.builds(
        lambda value, length: ipaddress.IPv6Network((value, length), strict=False),
        st.ip_addresses(v=6).map(int),
        st.integers(0, 128),
    ),
)


@given(networks)
def test_a_prefix_reads_and_holds_what_the_standard_library_does(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> None:
    prefix = Prefix.parse(str(network))
    assert prefix.family is FAMILY_BY_VERSION[network.version]
    assert (prefix.first, prefix.last) == (int(network[0]), int(network[-1]))
    assert prefix.mask == int(network.netmask)
    assert prefix.is_address == (network.num_addresses == 1)
    assert prefix.first in prefix
    assert prefix.last in prefix
    assert prefix.first - 1 not in prefix
    assert prefix.last + 1 not in prefix
    assert Prefix.parse(str(prefix)) == prefix


@given(st.ip_addresses())
def test_an_address_reads_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    family, value = parse_address(str(address))
    assert address_text(family, value) == str(address)


def test_host_bits_are_cleared() -> None:
    assert str(Prefix.parse("10.1.2.3/8")) == "10.0.0.0/8"
    assert str(Prefix.parse("fd00::1/64")) == "fd00::/64"


@pytest.mark.parametrize("text", ["10.0.0", "10.0.0.0/33", "fd00::/129", "", "web", "10.0.0.0/-1"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Prefix.parse(text)


@given(st.integers(0, (1 << 48) - 1))
def test_a_mac_reads_back(mac: int) -> None:
    assert parse_mac(mac_text(mac)) == mac
    assert parse_mac(mac_text(mac).upper().replace(":", "-")) == mac


@pytest.mark.parametrize("text", ["", "02:00:00:00:00", "02:00:00:00:00:0g", "020000000001"])
def test_what_is_no_mac_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a MAC"):
        parse_mac(text)


def test_link_local_of_a_mac_is_the_one_of_the_standard() -> None:
    """The example of RFC 4291, appendix A, and a locally administered MAC."""
    assert address_text(IPV6, link_local(parse_mac("34:56:78:9a:bc:de"))) == (
        "fe80::3656:78ff:fe9a:bcde"
    )
    assert address_text(IPV6, link_local(parse_mac("02:00:00:00:00:01"))) == "fe80::ff:fe00:1"


def test_the_families_differ_in_their_numbers_only() -> None:
    assert (IPV4.bits, IPV4.ethertype, IPV4.icmp) == (32, 0x0800, 1)
    assert (IPV6.bits, IPV6.ethertype, IPV6.icmp) == (128, 0x86DD, 58)
