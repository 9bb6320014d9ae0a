"""Stateless groups: no connection is tracked, every packet needs a rule, the answers as well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.agent.reactive import Fate
from damselfly.model.address import FAMILIES, IPV4, IPV6, Family
from damselfly.model.group import ICMP, SCTP, TCP, UDP, Rule, SecurityGroup
from damselfly.pipeline.layout import Table
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import (
    egress,
    everybody,
    frame,
    group,
    host,
    ingress,
    ip,
    ping,
    tcp,
    vm,
)

HTTP = ingress("loose", TCP, 80)
ANSWERS = egress("loose", TCP, 1000)


def loose(*rules: Rule, name: str = "loose") -> SecurityGroup:
    return replace(group(name, *rules), stateful=False)


def served(*rules: Rule) -> Rig:
    """VM 1 has a stateful group that lets everything out; VM 2 has a stateless one."""
    return host(loose(*rules), vm(1, "out"), vm(2, "loose"))


def test_an_answer_needs_a_rule_of_its_own() -> None:
    rig = served(HTTP)
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    assert rig.send("vm2", tcp(1, 2, 80).reply()) == []
    rig.apply(loose(HTTP, ANSWERS))
    assert rig.send("vm2", tcp(1, 2, 80).reply()) == ["vm1"]


def test_nothing_is_tracked_at_a_stateless_end() -> None:
    rig = served(HTTP, ANSWERS)
    rig.send("vm1", tcp(1, 2, 80))
    rig.send("vm2", tcp(1, 2, 80).reply())
    assert {each.zone for each in rig.switch.connections()} == {rig.keys["vm1"]}


def test_every_packet_is_judged_alike_whatever_came_before() -> None:
    """TCP without a handshake, too: there is nothing that it could belong to."""
    rig = served(HTTP)
    for flags in (SYN_ACK, ACK, ACK):
        stray = replace(tcp(2, 1, 80), flags=flags)
        assert rig.send("vm2", stray) == []
    other_end = host(loose(HTTP, egress("loose")), vm(2, "loose"), vm(3, "loose"))
    assert other_end.send("vm3", tcp(3, 2, 80, ACK)) == ["vm2"]


def test_a_rule_that_goes_denies_at_once_and_nothing_is_judged_again() -> None:
    rig = served(HTTP, ANSWERS)
    rig.send("vm1", tcp(1, 2, 80))
    rig.apply(loose(ANSWERS))
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_an_echo_needs_a_rule_each_way(family: Family) -> None:
    there, back = (8, 0) if family is IPV4 else (128, 129)
    rig = served(ingress("loose", family.icmp, there, 0, family=family))
    assert rig.send("vm1", ping(1, 2, family)) == ["vm2"]
    assert rig.send("vm2", ping(1, 2, family).reply()) == []
    answer = egress("loose", family.icmp, back, 0, family=family)
    rig.apply(loose(ingress("loose", family.icmp, there, 0, family=family), answer))
    assert rig.send("vm2", ping(1, 2, family).reply()) == ["vm1"]


@pytest.mark.parametrize(("family", "kind", "code"), [(IPV4, 3, 3), (IPV6, 1, 4)])
def test_an_error_is_judged_by_the_rules_for_errors(family: Family, kind: int, code: int) -> None:
    """At a stateful port it belongs to its connection instead."""
    asking = egress("loose", UDP, family=family)
    errors = ingress("loose", family.icmp, kind, code, family=family)
    web = group("web", ingress("web", UDP, 53, family=family))
    rig = host(loose(errors, asking), web, vm(1, "loose"), vm(2, "web"))
    asked = frame(1, 2, UDP, 1000, 53, family=family)
    assert rig.send("vm1", asked) == ["vm2"]
    assert rig.send("vm2", asked.error(ip(2, family))) == ["vm1"]
    rig.apply(loose(asking))
    assert rig.send("vm2", asked.error(ip(2, family))) == []


def test_what_the_tracker_of_the_sender_said_counts_for_nothing() -> None:
    """The client complains of what a stateless server sent; only its own tracker knows the rest."""
    rig = served(HTTP, ANSWERS, ingress("loose", ICMP, 3))
    rig.send("vm1", tcp(1, 2, 80))
    answer = tcp(1, 2, 80).reply()
    assert rig.send("vm2", answer) == ["vm1"]
    assert rig.send("vm1", answer.error(ip(1))) == ["vm2"]


def test_sctp_reaches_a_stateless_port_from_one_that_tracks_it() -> None:
    rig = served(ingress("loose", SCTP, 2000))
    assert rig.send("vm1", frame(1, 2, SCTP, 1000, 2000)) == ["vm2"]
    assert rig.send("vm1", frame(1, 2, SCTP, 1000, 2001)) == []
    assert {each.zone for each in rig.switch.connections()} == {rig.keys["vm1"]}


def test_everybody_hears_what_its_own_rules_admit() -> None:
    """One that denies does not keep the others from hearing, whoever is asked about first."""
    rig = host(
        loose(ingress("loose", UDP, 67)), loose(ingress("deaf", UDP, 1), name="deaf"),
        group("web", ingress("web", UDP, 67)), vm(1, "out"), vm(2, "deaf"), vm(3, "loose"),
        vm(4, "deaf"), vm(5, "web"), vm(6, "loose"),
    )  # fmt: skip
    for _ in range(2):
        assert rig.send("vm1", everybody(1, UDP, 68, 67)) == ["vm3", "vm5", "vm6"]


def test_with_denials_forgotten_everybody_still_hears() -> None:
    rig = host(
        loose(ingress("loose", UDP, 67)), loose(ingress("deaf", UDP, 1), name="deaf"),
        vm(1, "out"), vm(2, "deaf"), vm(3, "loose"), deny_budget=0,
    )  # fmt: skip
    for _ in range(2):
        assert rig.send("vm1", everybody(1, UDP, 68, 67)) == ["vm3"]


def test_one_that_is_asked_about_in_vain_keeps_no_tracked_port_from_hearing() -> None:
    deaf, web = loose(name="deaf"), group("web", ingress("web", UDP, 67))
    rig = host(deaf, web, vm(1, "out"), vm(2, "deaf"), vm(3, "web"), warm=100)
    rig.stop()
    assert rig.send("vm1", everybody(1, UDP, 68, 67)) == ["vm3"]


def test_verdicts_in_advance_serve_while_no_agent_runs() -> None:
    rig = host(loose(HTTP, ANSWERS), vm(1, "out"), vm(2, "loose"), warm=100)
    rig.stop()
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    assert rig.send("vm2", tcp(1, 2, 80).reply()) == ["vm1"]
    assert rig.send("vm1", tcp(1, 2, 81)) == []


def test_a_port_of_two_kinds_is_closed_both_ways() -> None:
    rig = host(loose(HTTP, ANSWERS), vm(1, "out"), vm(2, "loose", "out"))
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    assert rig.send("vm2", tcp(2, 1, 80)) == []
    assert "must agree" in rig.enforcement.state.view.closed["vm2"]
    rig.apply(vm(2, "loose"))
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]


# A live change of kind.


def test_a_group_that_turns_stateless_leaves_no_answer_open() -> None:
    rig = host(group("loose", HTTP), vm(1, "out"), vm(2, "loose"))
    rig.send("vm1", tcp(1, 2, 80))
    assert rig.send("vm2", tcp(1, 2, 80).reply()) == ["vm1"]
    rig.apply(loose(HTTP))
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == []
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]


def test_a_group_that_turns_stateful_judges_what_runs_as_new() -> None:
    """Nobody knows who opened what: a packet of the server's counts as one that it opens."""
    rig = served(HTTP, ANSWERS)
    rig.send("vm1", tcp(1, 2, 80))
    rig.send("vm2", tcp(1, 2, 80).reply())
    rig.apply(group("loose", HTTP))
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == []
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == ["vm1"]


def test_connections_from_before_stay_forgotten_when_a_group_turns_back() -> None:
    rig = host(group("loose", HTTP), vm(1, "out"), vm(2, "loose"))
    rig.send("vm1", tcp(1, 2, 80))
    before = labels(rig)
    rig.apply(loose(HTTP))
    assert [flow for flow in rig.flows(Table.LABEL) if judges(flow, rig.keys["vm2"])] == []
    rig.apply(group("loose", HTTP))
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == []
    after = labels(rig)
    assert not {label for key, label in before if key == rig.keys["vm2"]} & {n for _, n in after}


def test_a_packet_that_waits_while_its_sender_turns_is_not_let_go() -> None:
    rig = host(group("loose", egress("loose")), vm(1, "loose"), vm(2, "out"))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.apply(loose(egress("loose")))
    [waiting] = rig.unanswered
    assert rig.reactive.answer(rig.switch, waiting) is Fate.STALE


def test_a_restart_over_a_change_of_kind_is_the_same() -> None:
    rig = host(group("loose", HTTP), vm(1, "out"), vm(2, "loose"))
    rig.send("vm1", tcp(1, 2, 80))
    rig.restart()
    rig.write(loose(HTTP))
    rig.enforce()
    assert rig.send("vm2", tcp(1, 2, 80).reply()) == []
    rig.restart()
    rig.write(group("loose", HTTP))
    rig.enforce()
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == []
    rig.restart()
    assert rig.enforce() == 0


def judges(flow: object, key: int) -> bool:
    return f"field='reg0', value={key}," in repr(flow)


def labels(rig: Rig) -> set[tuple[int, int]]:
    found = set()
    for flow in rig.flows(Table.LABEL):
        key, label = flow.match.term("reg0"), flow.match.term("ct_label")
        if key is not None and label is not None:
            found.add((key.value, label.value))
    return found
