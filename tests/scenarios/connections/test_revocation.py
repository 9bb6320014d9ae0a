"""What a change of policy does to live connections: cut exactly those that nothing allows now."""

from __future__ import annotations

import pytest

from damselfly.model.address import Prefix
from damselfly.model.group import TCP, UDP
from damselfly.model.port import Port
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import egress, group, host, ingress, open_egress, tcp, udp, vm

WEB = ingress("web", TCP, 80)
SSH = ingress("web", TCP, 22)


def established(rig: Rig, port: int = 80, client: int = 1000) -> None:
    """Let VM 1 open a TCP connection to VM 2."""
    first = tcp(1, 2, port, client=client)
    assert rig.send("vm1", first) == ["vm2"]
    assert rig.send("vm2", first.reply(SYN_ACK)) == ["vm1"]
    assert rig.send("vm1", tcp(1, 2, port, ACK, client=client)) == ["vm2"]


def alive(rig: Rig, port: int = 80, client: int = 1000) -> tuple[bool, bool]:
    """Tell whether the connection passes, from the client and from the server."""
    forth = tcp(1, 2, port, ACK, client=client)
    return rig.send("vm1", forth) == ["vm2"], rig.send("vm2", forth.reply(ACK)) == ["vm1"]


def web_host(*rules: object) -> Rig:
    return host(group("web", *(rules or (WEB,))), vm(1, "out"), vm(2, "web"))  # type: ignore[arg-type]


def test_a_rule_that_goes_cuts_its_connection_both_ways() -> None:
    rig = web_host()
    established(rig)
    rig.apply(group("web"))
    assert alive(rig) == (False, False)


def test_only_connections_that_nothing_allows_are_cut() -> None:
    rig = web_host(WEB, SSH)
    established(rig, 80)
    established(rig, 22)
    rig.apply(group("web", SSH))
    assert alive(rig, 80) == (False, False)
    assert alive(rig, 22) == (True, True)


def test_a_rule_that_comes_back_revives_the_connection() -> None:
    rig = web_host()
    established(rig)
    rig.apply(group("web"))
    alive(rig)
    rig.apply(group("web", WEB))
    assert alive(rig) == (True, True)


def test_policy_a_b_a_with_an_idle_connection() -> None:
    """X was allowed under B only; back under A, its old label must be worth nothing."""
    rig = web_host(WEB)
    rig.apply(group("web", WEB, SSH))
    established(rig, 22)
    rig.apply(group("web", WEB))
    assert alive(rig, 22) == (False, False)
    rig.apply(group("web", WEB, SSH))
    rig.apply(group("web", WEB))
    assert alive(rig, 22) == (False, False)


def test_an_idle_connection_is_cut_by_a_change_that_was_undone_and_made_again() -> None:
    rig = web_host(WEB)
    established(rig)
    for rules in ((), (WEB,), ()):
        rig.apply(group("web", *rules))
    assert alive(rig) == (False, False)


def test_an_idle_connection_lives_where_the_policy_is_what_it_was() -> None:
    rig = web_host(WEB)
    established(rig)
    rig.apply(group("web"))
    rig.apply(group("web", WEB))
    assert alive(rig) == (True, True)


def test_an_egress_rule_that_goes_cuts_what_the_sender_opened() -> None:
    rig = host(
        group("web", WEB), group("client", egress("client", TCP)), vm(1, "client"), vm(2, "web")
    )
    established(rig)
    rig.apply(group("client"))
    assert alive(rig) == (False, False)


def test_a_member_that_leaves_and_returns() -> None:
    """While away its connection is cut; back with the same address, it goes on."""
    near = ingress("web", TCP, 80, remote_group_id="clients")
    rig = host(group("clients"), group("web", near), vm(1, "out", "clients"), vm(2, "web"))
    established(rig)
    rig.apply(vm(1, "out"))
    assert alive(rig) == (False, False)
    rig.apply(vm(1, "out", "clients"))
    assert alive(rig) == (True, True)


def test_a_member_that_leaves_and_returns_while_the_connection_is_idle() -> None:
    near = ingress("web", TCP, 80, remote_group_id="clients")
    rig = host(group("clients"), group("web", near), vm(1, "out", "clients"), vm(2, "web"))
    established(rig)
    rig.apply(vm(1, "out"))
    rig.apply(vm(1, "out", "clients"))
    assert alive(rig) == (True, True)


def test_two_groups_allow_the_same_connection_and_one_is_taken_off() -> None:
    other = ingress("also", TCP, 80)
    rig = host(group("web", WEB), group("also", other), vm(1, "out"), vm(2, "web", "also"))
    established(rig)
    rig.apply(vm(2, "also"))
    assert alive(rig) == (True, True)
    rig.apply(vm(2))
    assert alive(rig) == (False, False)


def test_two_groups_allow_the_same_connection_and_one_loses_its_rule() -> None:
    other = ingress("also", TCP, 80)
    rig = host(group("web", WEB), group("also", other), vm(1, "out"), vm(2, "web", "also"))
    established(rig)
    rig.apply(group("web"))
    assert alive(rig) == (True, True)
    rig.apply(group("also"))
    assert alive(rig) == (False, False)


def test_a_port_in_ten_groups_keeps_what_any_of_them_allows() -> None:
    names = [f"g{n}" for n in range(10)]
    groups = [group(name, ingress(name, TCP, 80 + n)) for n, name in enumerate(names)]
    rig = host(*groups, vm(1, "out"), vm(2, *names))
    for n in range(10):
        established(rig, 80 + n)
    rig.apply(vm(2, *names[:5]))
    assert [alive(rig, 80 + n)[0] for n in range(10)] == [True] * 5 + [False] * 5
    rig.apply(vm(2, *names))
    assert all(all(alive(rig, 80 + n)) for n in range(10))


def test_one_way_udp_goes_on_until_it_is_revoked() -> None:
    rig = web_host(ingress("web", UDP, 53))
    for _ in range(3):
        assert rig.send("vm1", udp(1, 2, 53)) == ["vm2"]
    asked = rig.asked
    assert rig.send("vm1", udp(1, 2, 53)) == ["vm2"]
    assert rig.asked == asked
    rig.apply(group("web"))
    assert rig.send("vm1", udp(1, 2, 53)) == []


def test_a_server_that_pushes_is_cut_and_revived_without_a_word_of_the_client() -> None:
    rig = web_host()
    established(rig)
    push = tcp(1, 2, 80).reply(ACK)
    rig.apply(group("web"))
    assert rig.send("vm2", push) == []
    rig.apply(group("web", WEB))
    assert rig.send("vm2", push) == ["vm1"]


def test_a_prefix_that_shrinks_cuts_those_outside_only() -> None:
    def near(prefix: str) -> object:
        return ingress("web", TCP, 80, remote_ip_prefix=Prefix.parse(prefix))

    rig = host(group("web", near("10.0.0.0/29")), vm(1, "out"), vm(2, "web"), vm(4, "out"))  # type: ignore[arg-type]
    established(rig)
    assert rig.send("vm4", tcp(4, 2, 80)) == ["vm2"]
    rig.apply(group("web", near("10.0.0.4/30")))  # type: ignore[arg-type]
    assert alive(rig) == (False, False)
    assert rig.send("vm4", tcp(4, 2, 80, ACK)) == ["vm2"]


def test_a_denied_packet_leaves_nothing_that_lets_its_retransmission_pass() -> None:
    rig = web_host()
    for _ in range(4):
        assert rig.send("vm1", tcp(1, 2, 81)) == []
    assert not [c for c in rig.switch.connections() if c.zone == rig.keys["vm2"]]


def test_a_key_that_another_port_gets_brings_it_no_connection() -> None:
    """VM 3 gets VM 2's key, zone and address; VM 1's old connection is new to it."""
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web"))
    established(rig)
    key = rig.keys["vm2"]
    rig.apply(drop=[(Port, "vm2")])
    rig.unplug("vm2")
    rig.release_keys()
    heir = vm(2, "web")
    rig.apply(Port("heir", "net", heir.mac, fixed_ips=heir.fixed_ips, security_groups=("out",)))
    assert rig.keys["heir"] == key
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == []


@pytest.mark.parametrize("changed", [vm(2, "web", "more"), vm(2, "web")])
def test_clothes_that_change_nothing_cut_nothing(changed: Port) -> None:
    rig = host(group("web", WEB), group("more"), vm(1, "out"), vm(2, "web"))
    established(rig)
    rig.apply(changed)
    assert alive(rig) == (True, True)


def test_port_security_that_is_switched_on_judges_what_runs_as_new() -> None:
    rig = host(group("web", WEB), vm(1, "out"), vm(2, "web", port_security_enabled=False))
    assert rig.send("vm1", tcp(1, 2, 81)) == ["vm2"]
    rig.apply(vm(2, "web"))
    assert rig.send("vm1", tcp(1, 2, 81, ACK)) == []
    assert rig.send("vm1", tcp(1, 2, 80, ACK)) == ["vm2"]


def test_the_group_that_lets_out_may_be_deleted_and_come_back() -> None:
    rig = web_host()
    established(rig)
    rig.apply(drop=[(type(open_egress()), "out")])
    assert alive(rig) == (False, False)
    rig.apply(open_egress())
    assert alive(rig) == (True, True)
