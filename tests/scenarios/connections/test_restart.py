"""The agent is killed at any moment and starts again: nobody notices, and nothing is missed."""

from __future__ import annotations

from dataclasses import replace

from damselfly.agent.reactive import Fate
from damselfly.model.group import TCP
from damselfly.model.port import Port
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import group, host, ingress, tcp, vm

WEB = ingress("web", TCP, 80)


def running() -> Rig:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    assert rig.send("vm2", tcp(1, 2, 80).reply(SYN_ACK)) == ["vm1"]
    assert rig.send("vm1", tcp(1, 2, 81)) == []
    return rig


def test_a_restart_with_unchanged_policy_sends_nothing() -> None:
    rig = running()
    rig.restart()
    assert rig.enforce() == 0
    assert rig.enforce() == 0


def test_a_restart_keeps_verdicts_and_connections() -> None:
    rig = running()
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]
    assert rig.send("vm1", tcp(1, 2, 80, client=1001)) == ["vm2"]
    assert rig.send("vm1", tcp(1, 2, 81)) == []
    assert rig.asked == 0


def test_while_the_agent_is_gone_known_traffic_passes_and_unknown_does_not() -> None:
    rig = running()
    rig.stop()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]
    assert rig.send("vm1", tcp(1, 2, 80, client=1001)) == ["vm2"]
    assert rig.send("vm2", tcp(2, 1, 22)) == []


def test_a_revocation_made_while_the_agent_was_gone_is_enforced_at_its_start() -> None:
    rig = running()
    rig.stop()
    rig.write(group("web"))
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []
    assert rig.send("vm2", tcp(1, 2, 80).reply(ACK)) == []


def test_a_member_that_left_while_the_agent_was_gone_is_cut_at_its_start() -> None:
    near = ingress("web", TCP, 80, remote_group_id="clients")
    rig = host(group("clients"), group("web", near), vm(1, "out", "clients"), vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    rig.stop()
    rig.write(vm(1, "out"))
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


def test_a_group_taken_off_while_the_agent_was_gone_is_enforced_at_its_start() -> None:
    rig = running()
    rig.stop()
    rig.write(vm(2))
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


def test_a_port_deleted_while_the_agent_was_gone_leaves_nothing() -> None:
    rig = running()
    key = rig.keys["vm2"]
    rig.write(drop=[(Port, "vm2")])
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []
    assert not [c for c in rig.switch.connections() if c.zone == key]


def test_policy_a_b_a_over_two_restarts_with_an_idle_connection() -> None:
    rig = running()
    ssh = ingress("web", TCP, 22)
    rig.write(group("web", WEB, ssh))
    rig.restart()
    rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 22)) == ["vm2"]
    for rules in ((WEB,), (WEB, ssh), (WEB,)):
        rig.write(group("web", *rules))
        rig.restart()
        rig.enforce()
    assert rig.send("vm1", tcp(1, 2, 22, ACK)) == []


def test_a_packet_paused_before_a_restart_is_judged_by_the_new_agent() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.stop()
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    rig.restart()
    rig.enforce()
    (paused,) = rig.unanswered
    rig.reactive.answer(rig.switch, paused)
    assert [port for port, _ in rig.switch.take_sent()] == [rig.plugged["vm2"]]
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]


def test_a_packet_paused_before_a_restart_gets_the_policy_of_after() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.send("vm1", tcp(1, 2, 443))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.write(group("web"))
    rig.restart()
    rig.enforce()
    for paused in rig.unanswered:
        rig.reactive.answer(rig.switch, paused)
    assert rig.switch.take_sent() == []
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


def test_what_an_agent_resumes_on_its_own_is_looked_up_again_and_dropped() -> None:
    """Resuming means looking again: what an agent thought authorises nothing."""
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    (paused,) = rig.unanswered
    rig.switch.resume(paused)
    assert rig.switch.take_sent() == []
    assert len(rig.unanswered) == 1


def test_a_packet_paused_under_an_old_label_is_not_admitted_for_good() -> None:
    """Its connection gets the label of when it was paused, so the next packet is judged."""
    rig = host(group("web", WEB, ingress("web", TCP, 22)), vm(1, "out"), vm(2, "web"))
    rig.send("vm1", tcp(1, 2, 443))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.apply(group("web", WEB))
    rig.listen()
    for paused in rig.unanswered:
        rig.reactive.answer(rig.switch, paused)
    rig.switch.take_sent()
    asked = rig.asked
    rig.apply(group("web"))
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []
    assert rig.asked > asked


def test_duplicates_that_were_under_way_get_one_verdict() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.stop()
    for client in (1000, 1001, 1002):
        rig.send("vm1", tcp(1, 2, 80, client=client))
    rig.restart()
    rig.enforce()
    for paused in rig.unanswered:
        rig.reactive.answer(rig.switch, paused)
    assert rig.fate(Fate.DUPLICATE) >= 2
    assert rig.allows() == 2
    assert len(rig.switch.take_sent()) == 3


def test_foreign_and_damaged_flows_are_mended_at_start() -> None:
    rig = running()
    rig.switch.add(replace(rig.verdicts()[0], priority=101))
    rig.restart()
    assert rig.enforce() == 1
    rig.restart()
    assert rig.enforce() == 0
