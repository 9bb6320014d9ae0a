"""Fragments are let into the tracker on their sender's account, before anything waits there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV4, Family
from damselfly.model.group import UDP
from damselfly.pipeline.layout import fragment_meter
from tests.scenarios.rig import Rig, done
from tests.scenarios.vms import everybody, frame, group, host, ingress, vm

from .test_fragments import datagram, fragments, push, taught


def charged(rig: Rig, port_id: str) -> int:
    """How many fragments went on a port's account so far."""
    meter = fragment_meter(rig.keys[port_id])
    found = {each.id: each.packets_in for each in done(rig.switch.meter_stats())}
    return int(found[meter])


@pytest.mark.parametrize("family", FAMILIES)
def test_each_fragment_is_charged_once_to_the_port_that_sent_it(family: Family) -> None:
    rig = taught(family)
    assert push(rig, fragments(datagram(1, 2, 53, family), 1)) == ["vm2"] * 3
    assert push(rig, fragments(datagram(1, 2, 54, family), 2)) == []
    assert charged(rig, "vm1") == 6
    assert charged(rig, "vm2") == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_port_that_sent_too_many_loses_fragments_and_nothing_else(family: Family) -> None:
    rig = taught(family)
    rig.apply(vm(3, "out"))
    rig.switch.limit_meter(fragment_meter(rig.keys["vm1"]), 0)
    assert push(rig, fragments(datagram(1, 2, 53, family), 1)) == []
    assert rig.send("vm1", frame(1, 2, UDP, 2001, 53, family=family)) == ["vm2"]
    others = fragments(datagram(3, 2, 53, family), 2)
    rig.send("vm3", frame(3, 2, UDP, 2000, 53, family=family))
    assert [name for piece in others for name in rig.send("vm3", piece)] == ["vm2"] * 3


def test_a_whole_packet_is_never_charged() -> None:
    rig = taught(IPV4)
    assert rig.send("vm1", frame(1, 2, UDP, 2001, 53)) == ["vm2"]
    assert charged(rig, "vm1") == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_what_goes_to_everybody_is_charged_for_each_receiver_as_well(family: Family) -> None:
    names = group("names", ingress("names", UDP, 5353, family=family))
    rig = host(names, vm(1, "out"), vm(2, "names"), vm(3, "names"))
    small = everybody(1, UDP, 5353, 5353, family)
    rig.send("vm1", small)
    pieces = fragments(replace(small, payload=bytes(4000)), 1)
    assert sorted(push(rig, pieces)) == ["vm2"] * 3 + ["vm3"] * 3
    assert charged(rig, "vm1") == 3 + 2 * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_port_without_port_security_is_charged_too(family: Family) -> None:
    """Nothing of it is tracked at its own end, but at its receivers'."""
    web = group("web", ingress("web", UDP, 53, family=family))
    rig = host(web, vm(1, port_security_enabled=False), vm(2, "web"))
    rig.send("vm1", frame(1, 2, UDP, 2000, 53, family=family))
    pieces = fragments(datagram(1, 2, 53, family), 1)
    assert push(rig, pieces) == ["vm2"] * 3
    assert charged(rig, "vm1") == 3
    rig.switch.limit_meter(fragment_meter(rig.keys["vm1"]), 0)
    assert push(rig, fragments(datagram(1, 2, 53, family), 2)) == []


def test_a_fragment_that_its_sender_may_not_send_costs_nothing() -> None:
    rig = taught(IPV4)
    assert push(rig, fragments(datagram(9, 2, 53, IPV4), 1)) == []
    assert charged(rig, "vm1") == 0
