"""The command line beside a running agent and a real switch."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack

import pytest

from lab.traffic import Probe, reaches
from tests.ovs.host import POLICY, Host

pytestmark = pytest.mark.ovs

HTTP = ("--from", "one", "--to", "10.0.0.2", "--port", "80")


def test_what_apply_waited_for_is_enforced(host: Host) -> None:
    assert host.apply()["enforced_by"] == ["h1"]
    (agent,) = host.data("status")["agents"]
    assert {port["port_id"]: port["state"] for port in agent["ports"]} == {
        "one": "active",
        "two": "active",
    }
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    host.damselfly("delete", "rule", "http", "--wait")
    assert not reaches(Probe(host.one, host.two.ipv4, "tcp", 80))


def test_an_address_that_leaves_an_address_group_loses_its_live_connection(host: Host) -> None:
    host.apply(_open_to("10.0.0.0/28"))
    with ExitStack() as stack:
        server, client = (
            stack.enter_context(vm.namespace.open_socket(socket.AF_INET, socket.SOCK_STREAM))
            for vm in (host.two, host.one)
        )
        server.bind((host.two.ipv4, 80))
        server.listen()
        client.settimeout(10)
        client.connect((host.two.ipv4, 80))
        peer = stack.enter_context(server.accept()[0])
        assert _arrives(client, peer)
        host.apply(_open_to("10.0.0.1"))
        assert _arrives(client, peer)
        host.apply(_open_to("10.0.0.2"))
        assert not _arrives(client, peer)
        host.apply(_open_to("10.0.0.1"))
        peer.settimeout(20)
        assert peer.recv(100) == b"x", "what was lost is sent again"


def _open_to(address: str) -> str:
    """Return the policy with port 80 open to an address group that lists the address."""
    rule = "port_range_max: 80, remote_address_group_id: office}"
    listed = f"address_groups: [{{name: office, addresses: [{address}]}}]"
    return listed + POLICY.replace("port_range_max: 80}", rule)


def _arrives(client: socket.socket, peer: socket.socket) -> bool:
    peer.settimeout(0.5)
    client.send(b"x")
    try:
        return peer.recv(100) == b"x"
    except TimeoutError:
        return False


@pytest.mark.parametrize(("port", "allowed"), [(80, True), (81, False)])
def test_explain_agrees_with_the_flow_that_the_switch_holds(
    host: Host, port: int, allowed: bool
) -> None:
    question = ("explain", *HTTP[:-1], str(port))
    host.apply()
    assert [end["switch"]["flow"] for end in host.data(*question)["ends"]] == [None, None]
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", port)) is allowed
    answer = host.data(*question)
    assert answer["allowed"] is allowed
    assert answer["ends"][1]["switch"]["agrees"] is True


def test_verify_finds_what_does_not_belong_and_what_is_missing(host: Host) -> None:
    """Asked while the agent, which would mend it, holds its breath."""
    host.apply()
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    (found,) = host.data("verify")["switches"]
    assert found["agrees"]
    os.kill(host.agent.pid, signal.SIGSTOP)
    try:
        host.hypervisor.ofctl("add-flow", "table=0,priority=7,ip,nw_src=192.0.2.1,actions=drop")
        (found,) = host.data("verify", code=1)["switches"]
        assert (found["missing"], len(found["unexpected"])) == ([], 1)
        assert "192.0.2.1" in found["unexpected"][0]
        host.hypervisor.ofctl("del-flows", "table=0")
        (found,) = host.data("verify", code=1)["switches"]
        assert found["missing"]
        assert found["unexpected"] == []
    finally:
        os.kill(host.agent.pid, signal.SIGCONT)


def test_explain_takes_no_tampered_flow_for_a_verdict(host: Host) -> None:
    host.apply()
    assert reaches(Probe(host.one, host.two.ipv4, "tcp", 80))
    flow = host.data("explain", *HTTP)["ends"][1]["switch"]["flow"]
    match = flow.removeprefix(flow.split(", ")[0] + ", ").split(" actions=")[0]
    host.hypervisor.ofctl("mod-flows", f"{match.replace(' ', '')},actions=drop")
    receiver = host.data("explain", *HTTP)["ends"][1]
    assert receiver["allowed"]
    assert receiver["switch"]["agrees"] is not True


def test_an_agent_that_was_stopped_says_so_and_is_not_waited_for(host: Host) -> None:
    host.apply()
    host.agent.stop()
    (agent,) = host.data("status")["agents"]
    assert (agent["stopped"], agent["live"]) == (True, False)
    assert "nobody enforces it" in host.damselfly("delete", "rule", "http", "--wait", code=5)


def test_an_agent_that_was_killed_does_not_confirm(host: Host) -> None:
    host.apply()
    host.agent.kill()
    words = host.damselfly("delete", "rule", "http", "--wait", "--timeout", "0.5", code=5)
    assert "not confirmed within 0.5 s by h1" in words
