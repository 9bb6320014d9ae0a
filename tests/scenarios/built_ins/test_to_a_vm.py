"""What a network owes a VM passes before its rules, from its legitimate source only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family, link_local
from damselfly.model.group import TCP, UDP
from damselfly.model.port import Port
from tests.scenarios.built_ins.raw import NA, NS, RA, arp, dhcp, dhcpv6, discovery
from tests.scenarios.built_ins.test_discovery import SUBNETS
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import everybody, frame, group, host, ingress, ip, mac, ping, tcp, vm


def site(*more: Port, server: int = 3) -> Rig:
    """VM 1 wears nothing; VMs 3 and 4 are unsecured, the subnets say that 3 is their server."""
    return host(*SUBNETS, vm(1), *(vm(n, port_security_enabled=False) for n in (3, 4)), *more)


def test_a_port_without_groups_is_closed() -> None:
    rig = site(vm(2, "out"))
    for sent in (tcp(2, 1, 22), ping(2, 1), ping(2, 1, IPV6), frame(2, 1, 47)):
        assert rig.send("vm2", sent) == []
    for sent in (tcp(1, 4, 22), ping(1, 4), frame(1, 4, UDP, 5, 6, family=IPV6)):
        assert rig.send("vm1", sent) == []


def test_a_port_without_groups_still_hears_and_says_arp_and_discovery() -> None:
    rig = site(vm(2, "out"))
    assert rig.send("vm2", arp(2, tpa=ip(1))) == ["vm1", "vm3", "vm4"]
    assert rig.send("vm1", arp(1, operation=2, destination=mac(2))) == ["vm2"]
    asked = discovery(2, NS, target=ip(1, IPV6), towards=(mac(1), ip(1, IPV6)))
    assert rig.send("vm2", asked) == ["vm1"]
    told = discovery(1, NA, target=ip(1, IPV6), towards=(mac(2), ip(2, IPV6)))
    assert rig.send("vm1", told) == ["vm2"]


def test_clearing_the_groups_of_a_port_closes_it() -> None:
    rig = host(group("web", ingress("web", TCP, 80)), vm(1, "out"), vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    rig.apply(vm(2))
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


def test_a_group_that_does_not_exist_opens_nothing() -> None:
    rig = host(vm(1, "out"), vm(2, "who"))
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    assert rig.send("vm2", tcp(2, 1, 80)) == []


def test_replies_of_the_networks_dhcp_server_pass() -> None:
    rig = site()
    assert rig.send("vm3", dhcp(3, 67, 68, source=ip(3), to=1)) == ["vm1"]
    assert rig.send("vm3", dhcp(3, 67, 68, source=ip(3))) == ["vm1", "vm4"]
    assert rig.send("vm3", dhcpv6(3, 547, 546, to=1)) == ["vm1"]


def test_dhcp_replies_of_anybody_else_do_not() -> None:
    """Another unsecured port is no server either: its frames are judged by the rules."""
    rig = site()
    assert rig.send("vm4", dhcp(4, 67, 68, source=ip(4), to=1)) == []
    assert rig.send("vm4", dhcpv6(4, 547, 546, to=1)) == []


def test_advertisements_of_the_networks_router_pass_and_of_anybody_else_do_not() -> None:
    rig = site()
    assert rig.send("vm3", discovery(3, RA, source=link_local(mac(3)))) == ["vm1", "vm4"]
    assert rig.send("vm4", discovery(4, RA, source=link_local(mac(4)))) == ["vm3"]


def test_the_router_of_ipv4_alone_advertises_nothing() -> None:
    rig = site()
    gateways = {IPV4: vm(3).fixed_ips[0], IPV6: None}
    rig.apply(*(replace(each, gateway_ip=gateways[each.cidr.family]) for each in SUBNETS))
    assert rig.send("vm3", discovery(3, RA, source=link_local(mac(3)))) == ["vm4"]


def test_a_server_that_moves_takes_its_privilege_along() -> None:
    rig = site()
    rig.apply(replace(SUBNETS[0], dhcp_ip=vm(4).fixed_ips[0]))
    assert rig.send("vm3", dhcp(3, 67, 68, source=ip(3), to=1)) == []
    assert rig.send("vm4", dhcp(4, 67, 68, source=ip(4), to=1)) == ["vm1"]


def test_other_icmpv6_goes_through_the_rules() -> None:
    rig = site(vm(2, "out"))
    for kind in (128, 129, 130, 137, 144, 1, 2):
        assert rig.send("vm2", frame(2, 1, 58, kind, 0, family=IPV6)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_broadcast_and_multicast_are_judged_by_each_receiver(family: Family) -> None:
    names = group("names", ingress("names", UDP, 5353, family=family))
    rig = host(names, vm(1, "out"), vm(2, "names"), vm(4, "out"), vm(5, "names"))
    assert rig.send("vm1", everybody(1, UDP, 5353, 5353, family)) == ["vm2", "vm5"]
    assert rig.send("vm1", everybody(1, UDP, 5353, 5354, family)) == []


@pytest.mark.parametrize("last", [1, 251])
def test_local_multicast_groups_are_no_hole(last: int) -> None:
    """224.0.0.x is judged like everything else, at the sender too."""
    sent = everybody(1, UDP, 5353, 5353)
    sent = replace(
        sent,
        destination_mac=0x0100_5E00_0000 + last,
        packet=sent.packet._replace(destination=0xE000_0000 + last),
    )
    assert host(vm(1), vm(2, port_security_enabled=False)).send("vm1", sent) == []
    assert host(vm(1, "out"), vm(2)).send("vm1", sent) == []


def test_membership_reports_of_ipv4_are_judged_by_the_rules() -> None:
    """IGMP to 224.0.0.22 is a protocol like any other, at both ends."""
    igmp = group("igmp", ingress("igmp", 2))
    sent = replace(
        everybody(1, 2, 0, 0),
        destination_mac=0x0100_5E00_0016,
        packet=everybody(1, 2, 0, 0).packet._replace(destination=0xE000_0016),
    )
    rig = host(igmp, vm(1, "out"), vm(2, "igmp"), vm(3, "out"))
    assert rig.send("vm1", sent) == ["vm2"]
    rig.apply(vm(1))
    assert rig.send("vm1", sent) == []


def test_icmpv6_that_is_no_discovery_needs_an_egress_rule() -> None:
    rig = host(vm(1), vm(2, port_security_enabled=False))
    for kind in (128, 129, 130, 137, 144, 1, 2):
        assert rig.send("vm1", frame(1, 2, 58, kind, 0, family=IPV6)) == []


def test_frames_stay_within_their_network() -> None:
    """The other network has the same addresses and MACs."""
    twin = replace(vm(2, port_security_enabled=False, network_id="other"), id="twin")
    rig = host(vm(1, "out"), vm(2, port_security_enabled=False), twin)
    assert rig.send("vm1", everybody(1, UDP, 5, 6)) == ["vm2"]
    assert rig.send("vm1", frame(1, 2, UDP, 5, 6)) == ["vm2"]
    assert rig.send("twin", everybody(2, UDP, 5, 6)) == []


def test_a_vm_does_not_hear_its_own_broadcast() -> None:
    rig = host(vm(1, port_security_enabled=False), vm(2, port_security_enabled=False))
    assert rig.send("vm1", everybody(1, UDP, 5, 6)) == ["vm2"]
    assert rig.send("vm1", frame(1, 1, UDP, 5, 6)) == []


def test_an_unsecured_port_may_send_from_any_address_but_its_peers_judge() -> None:
    near = ingress("web", TCP, 80, remote_group_id="friends")
    rig = host(
        group("web", near), group("friends"), vm(1, port_security_enabled=False), vm(2, "web"),
        vm(9, "friends", host="elsewhere"),
    )  # fmt: skip
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    forwarded = replace(tcp(9, 2, 80), source_mac=mac(1))
    assert rig.send("vm1", forwarded) == ["vm2"]


def test_an_unsecured_port_receives_everything_and_needs_no_tracking() -> None:
    rig = host(vm(1, "out"), vm(2, port_security_enabled=False))
    first = tcp(1, 2, 9)
    assert rig.send("vm1", first) == ["vm2"]
    assert rig.send("vm2", first.reply(SYN_ACK)) == ["vm1"]
    assert rig.send("vm2", tcp(2, 1, 9)) == []
    assert {c.zone for c in rig.switch.connections()} == {rig.keys["vm1"]}


def test_trust_does_not_come_from_the_device_owner() -> None:
    rig = host(vm(1, "out"), vm(2, device_owner="network:dhcp"))
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    assert rig.send("vm2", dhcp(2, 67, 68, source=ip(2))) == []
