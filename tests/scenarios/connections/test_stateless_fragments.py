"""Fragments at stateless ports: they meet rules without ports only, and carry nothing banned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV4, IPV6, Family
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP
from tests.scenarios.vms import egress, everybody, frame, group, host, ingress, vm

from .test_fragments import datagram, fragments, push
from .test_stateless import loose, served


@pytest.mark.parametrize("family", FAMILIES)
def test_fragments_meet_rules_without_ports_only(family: Family) -> None:
    """In IPv6 a later fragment does not even show its protocol: only "any protocol" admits it."""
    anything = None if family is IPV6 else UDP
    rig = served(ingress("loose", anything, family=family))
    pieces = fragments(datagram(1, 2, 53, family))
    for number in range(2):
        pieces = fragments(datagram(1, 2, 53, family), number)
        push(rig, pieces)
    assert push(rig, fragments(datagram(1, 2, 53, family), 7)) == ["vm2"] * 3
    rig.apply(loose(ingress("loose", UDP, 53, family=family)))
    assert rig.send("vm1", frame(1, 2, UDP, 1000, 53, family=family)) == ["vm2"]
    assert push(rig, fragments(datagram(1, 2, 53, family), 8)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rule_for_port_or_type_0_admits_no_fragment(family: Family) -> None:
    """Hidden ports read as 0 in the switch."""
    rules = [
        ingress("loose", UDP, 0, 1023, family=family), ingress("loose", TCP, 0, 0, family=family),
        ingress("loose", family.icmp, 0, 0, family=family),
    ]  # fmt: skip
    rig = served(*rules)
    for kind in (UDP, TCP, family.icmp):
        whole = replace(frame(1, 2, kind, 8, 53, family=family), payload=bytes(4000))
        assert push(rig, fragments(whole, kind)) == []
        assert push(rig, fragments(whole, kind + 100)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stateless_port_sends_big_datagrams_where_no_port_is_named(family: Family) -> None:
    rig = host(
        loose(egress("loose", family=family)), group("web", ingress("web", UDP, 53, family=family)),
        vm(1, "loose"), vm(2, "web"),
    )  # fmt: skip
    rig.send("vm1", frame(1, 2, UDP, 2000, 53, family=family))
    for number in range(2):
        push(rig, fragments(datagram(1, 2, 53, family), number))
    assert push(rig, fragments(datagram(1, 2, 53, family), 7)) == ["vm2"] * 3
    assert {each.zone for each in rig.switch.connections()} == {rig.keys["vm2"]}


@pytest.mark.parametrize("family", FAMILIES)
def test_what_goes_to_everybody_in_pieces_reaches_stateless_ports(family: Family) -> None:
    """Beside tracked ones: each port gets it in its own way."""
    rig = host(
        loose(ingress("loose", family=family)), group("web", ingress("web", family=family)),
        vm(1, "out"), vm(2, "loose"), vm(3, "web"), vm(4, "loose"),
    )  # fmt: skip
    rig.send("vm1", everybody(1, UDP, 1000, 53, family))
    whole = replace(everybody(1, UDP, 1000, 53, family), payload=bytes(4000))
    for number in range(2):
        push(rig, fragments(whole, number))
    assert sorted(push(rig, fragments(whole, 7))) == ["vm2"] * 3 + ["vm3"] * 3 + ["vm4"] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_banned_is_banned_in_pieces(family: Family) -> None:
    """DHCP replies and router advertisements: a stateless port may not hide them in fragments."""
    ports = (67, 68) if family is IPV4 else (547, 546)
    everything = [make("loose", family=family) for make in (ingress, egress)]
    rig = host(loose(*everything), vm(1, "loose"), vm(2, "loose"))
    replies = replace(frame(1, 2, UDP, *ports, family=family), payload=bytes(4000))
    forged = [replies]
    if family is IPV6:
        forged += [
            replace(frame(1, 2, ICMPV6, kind, 0, family=IPV6), payload=bytes(4000))
            for kind in (134, 135, 136)
        ]
    else:
        forged += [replace(frame(1, 2, ICMP, 5, 0), payload=bytes(4000))]
    for number, whole in enumerate(forged):
        for again in range(2):
            pieces = fragments(whole, 10 * number + again)
            first = rig.send("vm1", pieces[0])
            rest = push(rig, pieces[1:])
            assert [] in (first, [*rest, *first]), (number, first, rest)
