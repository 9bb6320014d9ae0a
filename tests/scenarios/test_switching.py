"""Who receives a frame: the ports that may have its destination MAC, and nobody else."""

from __future__ import annotations

from dataclasses import replace

from damselfly.model.address import Prefix
from damselfly.model.group import TCP
from damselfly.model.port import AddressPair

from .frames import Frame
from .vms import group, host, ingress, mac, tcp, vm

WEB = group("web", ingress("web", TCP, 80))
ALL = group("all", ingress("all"))
NOBODYS = 0x02FF00000001
VIRTUAL = 0x00005E000107
SHARED = (AddressPair(Prefix.parse("10.0.0.100"), VIRTUAL),)


def to(destination: int, port: int = 80) -> Frame:
    return replace(tcp(1, 2, port), destination_mac=destination)


def test_a_mac_of_an_address_pair_leads_to_every_port_that_may_use_it() -> None:
    users = [vm(number, "web", allowed_address_pairs=SHARED) for number in (2, 3)]
    rig = host(WEB, vm(1, "out"), *users, vm(4, "web"))
    assert rig.send("vm1", to(VIRTUAL)) == ["vm2", "vm3"]
    assert rig.send("vm1", to(VIRTUAL, port=81)) == []


def test_a_port_that_gives_its_address_pair_up_hears_no_more_of_it() -> None:
    users = [vm(number, "web", allowed_address_pairs=SHARED) for number in (2, 3)]
    rig = host(WEB, vm(1, "out"), *users)
    rig.apply(vm(2, "web"))
    assert rig.send("vm1", to(VIRTUAL)) == ["vm3"]


def test_an_address_pair_never_draws_the_frames_of_another_port() -> None:
    thief = (AddressPair(Prefix.parse("10.0.0.100"), mac(2)),)
    rig = host(WEB, vm(1, "out"), vm(2, "web"), vm(3, "web", allowed_address_pairs=thief))
    assert rig.send("vm1", to(mac(2))) == ["vm2"]


def test_an_unknown_mac_leads_to_the_ports_without_port_security_only() -> None:
    """It may be behind one of them, a bridge or a router; never behind a port with security."""
    bridges = [vm(number, port_security_enabled=False) for number in (5, 6)]
    rig = host(WEB, ALL, vm(1, "out"), vm(2, "web"), vm(3, "all"), *bridges)
    assert rig.send("vm1", to(NOBODYS)) == ["vm5", "vm6"]
    assert rig.send("vm5", replace(to(NOBODYS), source_mac=mac(5))) == ["vm6"]


def test_without_such_a_port_an_unknown_mac_leads_nowhere() -> None:
    assert host(ALL, vm(1, "out"), vm(3, "all")).send("vm1", to(NOBODYS)) == []


def test_a_port_says_nothing_to_an_unknown_mac_that_its_rules_forbid() -> None:
    rig = host(WEB, vm(1, "web"), vm(5, port_security_enabled=False))
    assert rig.send("vm1", to(NOBODYS)) == []


def test_a_known_mac_is_nothing_to_a_port_without_port_security() -> None:
    """Neither one that the rules refuse, nor one of an address pair, nor one just plugged in."""
    user = vm(2, "web", allowed_address_pairs=SHARED)
    rig = host(WEB, vm(1, "out"), user, vm(5, port_security_enabled=False))
    assert rig.send("vm1", to(mac(2), port=81)) == []
    assert rig.send("vm1", to(VIRTUAL)) == ["vm2"]
    assert rig.send("vm1", to(mac(3))) == ["vm5"]
    rig.apply(vm(3, "web"))
    assert rig.send("vm1", to(mac(3))) == ["vm3"]


def test_port_security_that_is_switched_on_ends_what_unknown_macs_brought() -> None:
    rig = host(WEB, vm(1, "out"), vm(5, port_security_enabled=False))
    assert rig.send("vm1", to(NOBODYS)) == ["vm5"]
    rig.apply(vm(5, "web"))
    assert rig.send("vm1", to(NOBODYS)) == []


def test_a_machine_behind_a_bridge_talks_with_ports_as_their_rules_say() -> None:
    """Machine 9 is no port: its frames come from port 5, and what is for its MAC goes there."""
    rig = host(WEB, vm(1, "out"), vm(2, "web"), vm(5, port_security_enabled=False))
    inward = tcp(9, 2, 80)
    assert rig.send("vm5", inward) == ["vm2"]
    assert rig.send("vm2", inward.reply()) == ["vm5"]
    assert rig.send("vm5", tcp(9, 2, 81)) == []
    outward = tcp(1, 9, 443)
    assert rig.send("vm1", outward) == ["vm5"]
    assert rig.send("vm5", outward.reply()) == ["vm1"]
    assert rig.send("vm5", tcp(9, 1, 443)) == []


def test_the_ports_of_another_network_hear_nothing() -> None:
    apart = vm(3, network_id="other", port_security_enabled=False, allowed_address_pairs=SHARED)
    rig = host(WEB, vm(1, "out"), vm(2, "web"), apart)
    assert rig.send("vm1", to(VIRTUAL)) == []
    assert rig.send("vm1", to(0x02FF00000001)) == []
