"""Who receives a frame: the ports that may have its destination MAC, and nobody else."""

from __future__ import annotations

from dataclasses import replace

from damselfly.model.address import Prefix
from damselfly.model.group import TCP
from damselfly.model.port import AddressPair

from .frames import Frame
from .vms import group, host, ingress, mac, tcp, vm

WEB = group("web", ingress("web", TCP, 80))
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


def test_an_unknown_mac_leads_nowhere() -> None:
    rig = host(WEB, vm(1, "out"), vm(2, "web"), vm(5, port_security_enabled=False))
    assert rig.send("vm1", to(0x02FF00000001)) == []


def test_the_ports_of_another_network_hear_nothing() -> None:
    apart = vm(3, network_id="other", port_security_enabled=False, allowed_address_pairs=SHARED)
    rig = host(WEB, vm(1, "out"), vm(2, "web"), apart)
    assert rig.send("vm1", to(VIRTUAL)) == []
    assert rig.send("vm1", to(0x02FF00000001)) == []
