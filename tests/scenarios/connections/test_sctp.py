"""SCTP: the tracker keeps one entry for two hosts, so ports are held packet by packet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV4, Family
from damselfly.model.group import SCTP, Rule
from tests.scenarios.frames import Frame
from tests.scenarios.rig import Rig
from tests.scenarios.vms import egress, frame, group, host, ingress, ip, vm

from .test_fragments import fragments, push

SERVED = ingress("web", SCTP, 2000)


def sctp(a: int, b: int, src: int, dst: int, family: Family = IPV4) -> Frame:
    return frame(a, b, SCTP, src, dst, family=family)


def served(*rules: Rule) -> Rig:
    return host(group("web", *rules), vm(1, "out"), vm(2, "web"))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_admitted_port_opens_no_other(family: Family) -> None:
    rig = served(ingress("web", SCTP, 2000, 2003, family=family))
    assert rig.send("vm1", sctp(1, 2, 1000, 2000, family)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000, family)) == ["vm1"]
    for port in (1999, 2004, 22):
        assert rig.send("vm1", sctp(1, 2, 1000, port, family)) == []
    assert rig.send("vm1", sctp(1, 2, 1000, 2003, family)) == ["vm2"]


def test_an_answer_needs_no_rule_but_something_to_answer() -> None:
    rig = served(SERVED)
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == []
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == ["vm1"]
    assert rig.send("vm2", sctp(2, 1, 2001, 1000)) == []


def test_a_wide_egress_rule_opens_no_port_to_who_spoke_first() -> None:
    """What the other host may send is no reason to take for an answer what it is sent."""
    rig = host(group("web", SERVED, egress("web")), vm(1, "out"), vm(2, "web"))
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == ["vm1"]
    for port in (22, 1999, 2001):
        assert rig.send("vm1", sctp(1, 2, 1000, port)) == []
        assert rig.send("vm1", sctp(1, 2, 2000, port)) == []


def test_the_host_that_spoke_second_opens_what_the_rules_admit_as_well() -> None:
    rig = host(group("web", SERVED, egress("web", SCTP, 2000)), vm(1, "web"), vm(2, "web"))
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == ["vm1"]
    assert rig.send("vm2", sctp(2, 1, 3000, 2000)) == ["vm1"]
    assert rig.send("vm2", sctp(2, 1, 3000, 2001)) == []
    assert rig.send("vm1", sctp(1, 2, 1000, 2001)) == []


def test_what_a_rule_admitted_ends_with_it_and_with_nothing_else() -> None:
    ssh = ingress("web", SCTP, 22)
    rig = served(SERVED, ssh)
    for port in (2000, 22):
        rig.send("vm1", sctp(1, 2, 1000, port))
        rig.send("vm2", sctp(2, 1, port, 1000))
    rig.apply(group("web", ssh))
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == []
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == []
    assert rig.send("vm1", sctp(1, 2, 1000, 22)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 22, 1000)) == ["vm1"]


def test_errors_find_their_association_after_a_change_too() -> None:
    """Its next packet takes the new label to the entry by which errors are known."""
    ssh = ingress("web", SCTP, 22)
    rig = served(SERVED, ssh)
    first = sctp(1, 2, 1000, 22)
    rig.send("vm1", first)
    rig.send("vm2", sctp(2, 1, 22, 1000))
    assert rig.send("vm2", first.error(ip(2))) == ["vm1"]
    rig.apply(group("web", ssh))
    assert rig.send("vm1", first) == ["vm2"]
    assert rig.send("vm2", first.error(ip(2))) == ["vm1"]


def test_a_rule_without_ports_admits_fragments_and_one_with_ports_none() -> None:
    def cut(number: int) -> list[bytes]:
        return fragments(replace(sctp(1, 2, 1000, 2000), payload=bytes(4000)), number)

    rig = served(ingress("web", SCTP))
    rig.send("vm1", sctp(1, 2, 1000, 2000))
    for number in range(2):
        push(rig, cut(number))
    assert push(rig, cut(5)) == ["vm2"] * 3
    rig.apply(group("web", SERVED))
    for number in range(6, 9):
        assert push(rig, cut(number)) == []
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]


def test_the_whole_range_of_ports_is_the_same_as_none() -> None:
    rig = served(ingress("web", SCTP, 0, 0xFFFF))
    for port in (0, 1, 2000, 0xFFFF):
        assert rig.send("vm1", sctp(1, 2, 1000, port)) == ["vm2"]


def test_in_advance_both_ways_are_known_while_no_agent_runs() -> None:
    rig = host(group("web", SERVED), vm(1, "out"), vm(2, "web"), warm=100)
    rig.stop()
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == ["vm1"]
    assert rig.send("vm1", sctp(1, 2, 1000, 2001)) == []


def test_no_packet_of_an_association_is_lost_to_the_questions() -> None:
    """Asked about it or not, the packet that opens and the one that answers arrive."""
    rig = served(SERVED)
    assert rig.send("vm1", sctp(1, 2, 1000, 2000)) == ["vm2"]
    assert rig.send("vm2", sctp(2, 1, 2000, 1000)) == ["vm1"]
    assert rig.asked <= 5
