"""Verdicts in force: dropped with the policy that gave them, kept where the next gives them too."""

from __future__ import annotations

from damselfly.agent.reactive import Fate
from damselfly.model.group import TCP, UDP
from tests.scenarios.frames import ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import everybody, frame, group, host, ingress, tcp, udp, vm

WEB = ingress("web", TCP, 80)
SSH = ingress("ssh", TCP, 22)


def in_step(rig: Rig) -> bool:
    """Tell whether the switch holds exactly the verdicts that the agent remembers."""
    return set(rig.verdicts()) == {each.flow for each in rig.enforcement.verdicts}


def test_the_table_is_empty_until_traffic_comes() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    assert rig.verdicts() == []
    rig.send("vm1", tcp(1, 2, 80))
    assert (rig.allows(), rig.denials()) == (2, 0)
    rig.send("vm1", tcp(1, 2, 81))
    assert (rig.allows(), rig.denials()) == (2, 1)


def test_a_second_connection_in_the_same_regions_asks_nobody() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.send("vm1", tcp(1, 2, 80))
    asked = rig.asked
    assert rig.send("vm1", tcp(1, 2, 80, client=1001)) == ["vm2"]
    assert rig.asked == asked


def test_a_verdict_of_clothes_worn_in_between_does_not_outlive_them() -> None:
    """VM 2 wears web, then ssh, then web again; VM 3 keeps the rules of web compiled throughout."""
    rig = host(group("web", WEB), group("ssh", SSH), vm(1, "out"), vm(2, "web"), vm(3, "web"))
    rig.send("vm1", tcp(1, 2, 80))
    rig.apply(vm(2, "web", name="renamed"))
    rig.apply(group("web"))
    rig.apply(vm(2, "ssh"))
    assert rig.send("vm1", tcp(1, 2, 22)) == ["vm2"]
    rig.apply(vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 22, client=1001)) == []
    assert in_step(rig)


def test_a_verdict_goes_with_its_rule_and_others_stay() -> None:
    both = group("web", WEB, ingress("web", UDP, 53))
    rig = host(both, vm(1, "out"), vm(2, "web"))
    rig.send("vm1", tcp(1, 2, 80))
    rig.send("vm1", udp(1, 2, 53))
    before = set(rig.verdicts())
    rig.apply(group("web", WEB))
    gone = before - set(rig.verdicts())
    assert [term.value for flow in gone for term in flow.match if term.field == "ct_nw_proto"] == [
        UDP
    ]
    assert in_step(rig)


def test_a_denial_goes_as_soon_as_a_rule_admits_some_of_it() -> None:
    rig = host(group("web"), vm(1, "out"), vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 80)) == []
    rig.apply(group("web", WEB))
    assert rig.send("vm1", tcp(1, 2, 80)) == ["vm2"]
    assert in_step(rig)


def test_denials_beyond_the_budget_are_not_remembered_but_stay_denials() -> None:
    rules = [ingress("web", TCP, port) for port in range(1, 400, 2)]
    rig = host(group("web", *rules), vm(1, "out"), vm(2, "web"), deny_budget=5)
    for port in range(0, 400, 2):
        assert rig.send("vm1", tcp(1, 2, port)) == []
    assert rig.denials() == 5
    assert rig.fate(Fate.UNREMEMBERED) > 0
    assert rig.send("vm1", tcp(1, 2, 1)) == ["vm2"]


def test_an_allowance_takes_the_place_of_a_denial_where_there_is_no_more_room() -> None:
    rules = [ingress("web", TCP, port) for port in range(1, 40, 2)]
    rig = host(group("web", *rules), vm(1, "out"), vm(2, "web"), budget=6)
    for port in (0, 2, 4, 6, 8, 10, 12):
        assert rig.send("vm1", tcp(1, 2, port)) == []
    assert rig.denials() == 6
    assert rig.send("vm1", tcp(1, 2, 1)) == ["vm2"]
    assert (rig.denials(), len(rig.verdicts_of("vm2"))) == (5, 6)
    assert in_step(rig)


def test_with_allowances_alone_the_oldest_makes_room_and_is_asked_about_again() -> None:
    rules = [ingress("web", TCP, port) for port in range(1, 40, 2)]
    rig = host(group("web", *rules), vm(1, "out"), vm(2, "web"), budget=3)
    for port in (1, 3, 5, 7, 1):
        assert rig.send("vm1", tcp(1, 2, port)) == ["vm2"]
    assert len(rig.verdicts_of("vm2")) == 3
    assert in_step(rig)


def test_a_scan_fills_the_table_once() -> None:
    """A VM with three open ports, all over the port range; the second time nobody is asked."""
    rules = [ingress("web", TCP, port) for port in (22, 80, 443)]
    rig = host(group("web", *rules), vm(1, "out"), vm(2, "web"))
    for port in range(1, 65536, 31):
        rig.send("vm1", tcp(1, 2, port))
    found, asked = len(rig.verdicts()), rig.asked
    assert found <= 64
    for port in range(1, 65536, 311):
        rig.send("vm1", tcp(1, 2, port))
    assert (len(rig.verdicts()), rig.asked) == (found, asked)


def test_the_memory_follows_the_switch_through_many_changes() -> None:
    rig = host(group("web", WEB), group("ssh", SSH), vm(1, "out"), vm(2, "web"), vm(3, "ssh"))
    for things in ((group("web"),), (vm(2, "ssh"),), (vm(2, "web", "ssh"),), (group("web", WEB),)):
        for receiver in (2, 3):
            for port in (22, 80, 443):
                rig.send("vm1", tcp(1, receiver, port))
        rig.apply(*things)
        assert in_step(rig)
    rig.restart()
    rig.enforce()
    assert in_step(rig)


def test_each_receiver_of_a_broadcast_is_judged_by_its_own_rules() -> None:
    """One receiver's denial must not cost the others their copy, whatever the protocol."""
    rig = host(
        group("web", ingress("web")), group("shut"), vm(1, "out"), vm(2, "shut"), vm(3, "web")
    )
    for protocol in (UDP, 47, 0):
        for _ in range(2):
            assert rig.send("vm1", everybody(1, protocol, 1000, 5353)) == ["vm3"]


def test_the_agent_denies_what_it_is_asked_about_an_unplugged_port() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.unplug("vm2")
    assert rig.send("vm1", tcp(1, 2, 80)) == []


def test_a_packet_of_an_earlier_incarnation_of_its_sender_is_stale() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.restart()
    rig.enforce()
    rig.apply(vm(1, "out", network_id="elsewhere"))
    for packet in rig.unanswered:
        rig.reactive.answer(rig.switch, packet)
    assert rig.fate(Fate.STALE) == len(rig.unanswered) == 1
    assert rig.switch.take_sent() == []
    assert rig.send("vm1", frame(1, 2, TCP, 1000, 80, flags=ACK)) == []


def test_a_packet_does_not_follow_its_receiver_to_another_network() -> None:
    """It was paused on its way to a port that has moved since; all its rules would admit it."""
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    rig.send("vm1", tcp(1, 2, 443))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.restart()
    rig.enforce()
    rig.apply(vm(2, "web", network_id="elsewhere"))
    (paused,) = rig.unanswered
    rig.reactive.answer(rig.switch, paused)
    assert rig.fate(Fate.STALE) == 1
    assert rig.switch.take_sent() == []
    assert rig.keys["vm2"] not in {each.zone for each in rig.switch.connections()}


def test_what_an_agent_resumes_does_not_follow_its_receiver_either() -> None:
    """The tables decide: a verdict that covers the packet is there, its receiver is not."""
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"), vm(3, "out", network_id="elsewhere"))
    rig.send("vm1", tcp(1, 2, 443))
    rig.stop()
    rig.send("vm1", tcp(1, 2, 80))
    rig.restart()
    rig.apply(vm(2, "web", network_id="elsewhere"))
    assert rig.send("vm3", tcp(3, 2, 80)) == ["vm2"]
    (paused,) = rig.unanswered
    rig.switch.resume(paused)
    assert rig.switch.take_sent() == []
