"""ICMP: echo is a connection, errors belong to one, and the rest is judged message by message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, IPV6, Family
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP, Rule
from tests.scenarios.frames import ACK, SYN_ACK, Frame
from tests.scenarios.rig import Rig
from tests.scenarios.vms import everybody, frame, group, host, ingress, ip, ping, tcp, udp, vm

FAMILIES = [IPV4, IPV6]
ECHO = {IPV4: (8, 0), IPV6: (128, 129)}


def icmp_rule(family: Family, *types: int) -> Rule:
    return ingress("web", family.icmp, *types, family=family)


def message(a: int, b: int, family: Family, kind: int, code: int = 0) -> Frame:
    return frame(a, b, family.icmp, kind, code, family=family)


def two(*rules: Rule) -> Rig:
    return host(group("web", *rules), vm(1, "out"), vm(2, "web"))


@pytest.mark.parametrize("family", FAMILIES)
def test_an_answer_belongs_to_its_request(family: Family) -> None:
    rig = two(icmp_rule(family, ECHO[family][0], 0))
    assert rig.send("vm1", ping(1, 2, family)) == ["vm2"]
    assert rig.send("vm2", ping(1, 2, family).reply()) == ["vm1"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_request_that_no_rule_names_is_denied_and_so_is_its_answer(family: Family) -> None:
    rig = two(icmp_rule(family, 200, 0))
    assert rig.send("vm1", ping(1, 2, family)) == []
    assert rig.send("vm2", ping(1, 2, family).reply()) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rule_for_the_answer_admits_unasked_answers_and_no_request(family: Family) -> None:
    """Type 0 in IPv4: it must not turn into "any"."""
    rig = two(icmp_rule(family, ECHO[family][1], 0))
    assert rig.send("vm1", message(1, 2, family, ECHO[family][1])) == ["vm2"]
    assert rig.send("vm1", ping(1, 2, family)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_type_that_is_not_tracked_is_judged_by_its_number_and_code(family: Family) -> None:
    kind = 5 if family is IPV4 else 144
    rig = two(ingress("web", family.icmp, kind, 1, family=family, id="named"))
    assert rig.send("vm1", message(1, 2, family, kind, 1)) == ["vm2"]
    assert rig.send("vm1", message(1, 2, family, kind, 0)) == []
    assert rig.send("vm1", message(1, 2, family, kind + 1, 1)) == []


def test_what_is_judged_for_itself_enters_no_connection() -> None:
    rig = two(icmp_rule(IPV4, 0, 0))
    rig.send("vm1", message(1, 2, IPV4, 0))
    assert rig.switch.connections() == []


def test_an_untracked_type_is_denied_as_soon_as_its_rule_goes() -> None:
    rig = two(icmp_rule(IPV4, 0, 0))
    assert rig.send("vm1", message(1, 2, IPV4, 0)) == ["vm2"]
    rig.apply(group("web"))
    assert rig.send("vm1", message(1, 2, IPV4, 0)) == []


@pytest.mark.parametrize(
    ("family", "kind"), [(IPV4, 3), (IPV4, 11), (IPV4, 12), (IPV6, 1), (IPV6, 2)]
)
def test_an_error_that_quotes_nothing_is_dropped_whatever_the_rules_say(
    family: Family, kind: int
) -> None:
    rig = two(icmp_rule(family), ingress("web", family.icmp, kind, 0, family=family))
    assert rig.send("vm1", message(1, 2, family, kind)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_an_error_for_a_live_connection_passes_back(family: Family) -> None:
    rig = two(ingress("web", UDP, 53, family=family))
    asked = frame(1, 2, UDP, 1000, 53, family=family)
    assert rig.send("vm1", asked) == ["vm2"]
    assert rig.send("vm2", asked.error(ip(2, family))) == ["vm1"]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_error_passes_in_the_direction_of_its_connection(family: Family) -> None:
    """The client says "too big" of what the server sent."""
    rig = two(ingress("web", TCP, 80, family=family))
    first = frame(1, 2, TCP, 1000, 80, family=family)
    rig.send("vm1", first)
    answer = first.reply(SYN_ACK)
    assert rig.send("vm2", answer) == ["vm1"]
    assert rig.send("vm1", answer.error(ip(1, family))) == ["vm2"]


def test_an_error_after_revocation_is_dropped_both_ways() -> None:
    rig = two(ingress("web", TCP, 80))
    first = tcp(1, 2, 80)
    rig.send("vm1", first)
    answer = first.reply(SYN_ACK)
    rig.send("vm2", answer)
    rig.apply(group("web"))
    assert rig.send("vm2", first.error(ip(2))) == []
    assert rig.send("vm1", answer.error(ip(1))) == []


def test_an_error_passes_again_once_its_connection_was_judged_under_a_new_policy() -> None:
    web, ssh = ingress("web", TCP, 80), ingress("web", TCP, 22)
    rig = two(web, ssh)
    first = tcp(1, 2, 80)
    rig.send("vm1", first)
    answer = first.reply(SYN_ACK)
    rig.send("vm2", answer)
    rig.apply(group("web", web))
    assert rig.send("vm2", first.error(ip(2))) == ["vm1"]
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]
    assert rig.send("vm1", answer.error(ip(1))) == ["vm2"]


def test_an_error_about_somebody_elses_connection_is_dropped() -> None:
    rig = host(group("web", ingress("web", UDP, 53)), vm(1, "out"), vm(2, "web"), vm(3, "out"))
    rig.send("vm1", udp(1, 2, 53))
    forged = udp(1, 2, 53).error(ip(3))
    assert rig.send("vm3", replace(forged, source_mac=vm(3).mac)) == []


def test_an_error_that_a_rule_for_all_icmp_seems_to_name_is_still_dropped() -> None:
    rig = two(icmp_rule(IPV4), ingress("web"))
    assert rig.send("vm1", message(1, 2, IPV4, 3, 1)) == []


def test_icmp_of_the_other_family_is_a_protocol_like_any_other() -> None:
    rig = two(ingress("web", family=IPV6), icmp_rule(IPV6))
    assert rig.send("vm1", frame(1, 2, ICMP, family=IPV6)) == ["vm2"]
    rig.apply(group("web", icmp_rule(IPV6)))
    assert rig.send("vm1", frame(1, 2, ICMP, family=IPV6)) == []
    assert rig.send("vm1", ping(1, 2, IPV6)) == ["vm2"]


def test_echo_to_everybody_is_judged_by_each_receiver() -> None:
    rig = host(group("web", icmp_rule(IPV4, 8, 0)), vm(1, "out"), vm(2, "web"), vm(3, "out"))
    assert rig.send("vm1", everybody(1, ICMP, 8, 0)) == ["vm2"]


def test_icmpv6_to_everybody_is_judged_by_each_receiver() -> None:
    rig = host(group("web", icmp_rule(IPV6, 144, 0)), vm(1, "out"), vm(2, "web"), vm(3, "out"))
    assert rig.send("vm1", everybody(1, ICMPV6, 144, 0, IPV6)) == ["vm2"]
