"""Neighbour discovery and DHCP from a VM: for itself only, and never in the role of a server."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV6, Prefix, link_local
from damselfly.model.group import UDP
from damselfly.model.network import Subnet
from damselfly.model.port import AddressPair, Port
from damselfly.pipeline.layout import Dropped
from tests.scenarios.built_ins.raw import (
    ALL_ROUTERS,
    NA,
    NS,
    RA,
    RS,
    SLL,
    TLL,
    dhcp,
    dhcpv6,
    discovery,
    mld_report,
)
from tests.scenarios.built_ins.test_from_a_vm import dropped, open_host
from tests.scenarios.rig import Rig
from tests.scenarios.vms import frame, host, ip, mac, vm

OWN, LOCAL, OTHER = ip(1, IPV6), link_local(mac(1)), ip(9, IPV6)
TO_VM2 = mac(2), ip(2, IPV6)
SUBNETS = (
    Subnet("v4", "net", Prefix.parse("10.0.0.0/24"), dhcp_ip=Prefix.parse("10.0.0.3")),
    Subnet(
        "v6", "net", Prefix.parse("fd00::/64"), Prefix.parse("fd00::3"), Prefix.parse("fd00::3")
    ),
)


@pytest.mark.parametrize("source", [OWN, LOCAL])
@pytest.mark.parametrize("option", [None, (SLL, mac(1))])
def test_a_solicitation_from_itself_passes(source: int, option: tuple[int, int] | None) -> None:
    asked = discovery(1, NS, target=ip(2, IPV6), source=source, option=option)
    assert open_host().send("vm1", asked) == ["vm2"]


def test_a_solicitation_that_claims_another_link_layer_address_is_dropped() -> None:
    rig = open_host()
    assert rig.send("vm1", discovery(1, NS, target=ip(2, IPV6), option=(SLL, mac(9)))) == []
    assert dropped(rig, Dropped.NEIGHBOUR) == 1


def test_a_solicitation_from_another_address_is_dropped() -> None:
    assert open_host().send("vm1", discovery(1, NS, target=ip(2, IPV6), source=OTHER)) == []


@pytest.mark.parametrize("target", [OWN, LOCAL])
@pytest.mark.parametrize("option", [None, (TLL, mac(1))])
def test_an_advertisement_of_itself_passes(target: int, option: tuple[int, int] | None) -> None:
    rig = open_host()
    assert rig.send("vm1", discovery(1, NA, target=target, option=option)) == ["vm2"]
    told = discovery(1, NA, target=target, option=option, towards=TO_VM2)
    assert rig.send("vm1", told) == ["vm2"]


@pytest.mark.parametrize("target", [OTHER, ip(2, IPV6), link_local(mac(2)), 0])
def test_an_advertisement_of_another_target_is_dropped_and_counted(target: int) -> None:
    rig = open_host()
    assert rig.send("vm1", discovery(1, NA, target=target, option=(TLL, mac(1)))) == []
    assert dropped(rig, Dropped.NEIGHBOUR) == 1


@pytest.mark.parametrize("kind", [NS, NA, RA])
def test_what_is_too_short_for_a_type_is_dropped_even_where_any_other_has_a_verdict(
    kind: int,
) -> None:
    """Found on 2026-11-23: it passed by the verdict that an earlier message had brought."""
    rig = open_host()
    assert rig.send("vm1", discovery(1, 150, towards=TO_VM2)) == ["vm2"]
    whole = discovery(1, kind, towards=TO_VM2)
    stub = whole[:18] + (4).to_bytes(2) + whole[20:58]
    assert rig.send("vm1", stub) == []
    assert dropped(rig, Dropped.NEIGHBOUR) == 1


def test_an_advertisement_with_another_link_layer_address_is_dropped_and_counted() -> None:
    rig = open_host()
    assert rig.send("vm1", discovery(1, NA, target=OWN, option=(TLL, mac(9)))) == []
    assert dropped(rig, Dropped.NEIGHBOUR) == 1


def test_an_advertisement_whose_code_hides_its_target_is_dropped() -> None:
    assert open_host().send("vm1", discovery(1, NA, target=OTHER, code=1)) == []


def test_a_pairs_address_may_be_advertised_with_its_mac_only() -> None:
    pair = AddressPair(Prefix.parse("fd00::9"), mac(50))
    rig = open_host(vm(1, "open", allowed_address_pairs=(pair,)), vm(2, "open"))
    honest = discovery(1, NA, target=OTHER, option=(TLL, mac(50)), source=OTHER, from_mac=mac(50))
    assert rig.send("vm1", honest) == ["vm2"]
    assert rig.send("vm1", discovery(1, NA, target=OTHER, option=(TLL, mac(1)))) == []


@pytest.mark.parametrize("target", [OWN, LOCAL])
def test_duplicate_address_detection_of_its_own_address_passes(target: int) -> None:
    assert open_host().send("vm1", discovery(1, NS, target=target, source=0)) == ["vm2"]


def test_duplicate_address_detection_of_another_address_is_dropped() -> None:
    assert open_host().send("vm1", discovery(1, NS, target=OTHER, source=0)) == []


def test_duplicate_address_detection_with_a_link_layer_address_is_dropped() -> None:
    asked = discovery(1, NS, target=OWN, source=0, option=(SLL, mac(1)))
    assert open_host().send("vm1", asked) == []


def test_nothing_else_is_said_from_the_unspecified_address() -> None:
    rig = open_host()
    own = frame(1, 2, UDP, 5, 6, family=IPV6)
    assert rig.send("vm1", own.__class__(mac(1), mac(2), own.packet._replace(source=0))) == []
    assert rig.send("vm1", discovery(1, NA, target=OWN, source=0)) == []


@pytest.mark.parametrize("source", [OWN, LOCAL, 0])
def test_a_router_solicitation_reaches_the_router(source: int) -> None:
    """A port whose rules admit ICMPv6 hears it; so does a router, which has no port security."""
    rig = open_host(vm(1, "open"), vm(3, port_security_enabled=False))
    towards = 0x3333_0000_0002, ALL_ROUTERS
    assert rig.send("vm1", discovery(1, RS, source=source, towards=towards)) == ["vm3"]


@pytest.mark.parametrize("source", [OWN, LOCAL, 0])
def test_a_router_advertisement_never_leaves_a_vm(source: int) -> None:
    """Not even from the subnet's own gateway address."""
    rig = routed(vm(1, "out"))
    assert rig.send("vm1", discovery(1, RA, source=source)) == []
    assert dropped(rig, Dropped.ROUTER_ADVERTISEMENT) == 1
    gateway = vm(3, "out")
    rig = routed(gateway)
    assert rig.send("vm3", discovery(3, RA)) == []


@pytest.mark.parametrize("source", [0, LOCAL])
def test_listener_reports_are_judged_by_the_rules(source: int) -> None:
    rig = open_host(vm(1, "open"), vm(2, "open"), vm(3, "out"))
    assert rig.send("vm1", mld_report(1, source)) == ["vm2"]
    shut = host(vm(1), vm(3, port_security_enabled=False))
    assert shut.send("vm1", mld_report(1, source)) == []


def test_a_dhcp_client_may_ask_before_it_has_an_address_whatever_its_groups() -> None:
    rig = routed(vm(1))
    assert rig.send("vm1", dhcp(1, 68, 67)) == ["vm3"]
    assert rig.send("vm1", dhcp(1, 68, 67, source=ip(1), to=3)) == ["vm3"]


def test_a_dhcpv6_client_may_ask_from_its_link_local_address() -> None:
    rig = routed(vm(1))
    assert rig.send("vm1", dhcpv6(1, 546, 547)) == ["vm3"]
    assert rig.send("vm1", dhcpv6(1, 546, 547, source=link_local(mac(9)))) == []


def test_a_dhcp_request_with_another_mac_or_address_is_dropped() -> None:
    rig = routed(vm(1))
    assert rig.send("vm1", dhcp(9, 68, 67)) == []
    assert rig.send("vm1", dhcp(1, 68, 67, source=ip(9), to=3)) == []


def test_without_an_address_nothing_but_dhcp_is_said() -> None:
    rig = open_host()
    assert rig.send("vm1", dhcp(1, 68, 68)) == []
    assert rig.send("vm1", dhcp(1, 67, 67)) == []


@pytest.mark.parametrize("to", [None, 2])
def test_a_dhcp_reply_never_leaves_a_vm(to: int | None) -> None:
    """Whatever the rules, and even from the address that the subnet gives its server."""
    rig = open_host(vm(1, "open"), vm(2, "open"), vm(3, "open"))
    rig.apply(*SUBNETS)
    for number in (1, 3):
        assert rig.send(f"vm{number}", dhcp(number, 67, 68, source=ip(number), to=to)) == []
    assert dropped(rig, Dropped.DHCP_SERVER) == 2


@pytest.mark.parametrize("to", [None, 2])
def test_a_dhcpv6_reply_never_leaves_a_vm(to: int | None) -> None:
    rig = open_host(vm(1, "open"), vm(2, "open"), vm(3, "open"))
    rig.apply(*SUBNETS)
    for number in (1, 3):
        assert rig.send(f"vm{number}", dhcpv6(number, 547, 546, to=to)) == []
    assert dropped(rig, Dropped.DHCPV6_SERVER) == 2


def routed(*ports: Port) -> Rig:
    """A network whose VM 3, without port security, is router and DHCP server."""
    return host(*SUBNETS, vm(3, port_security_enabled=False), vm(2), *ports)
