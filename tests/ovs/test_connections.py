"""Live connections of a real switch, the rules that admitted them, and what a change would cut."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from damselfly.errors import SwitchError
from damselfly.southbound.conntrack import tracked
from damselfly.southbound.unixctl import ask_vswitchd
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from tests.ovs.host import POLICY, Host

pytestmark = pytest.mark.ovs
SSH = "      - {id: ssh, direction: ingress, protocol: tcp, port_range_min: 22, port_range_max: 22}"
BOTH = POLICY.replace("      - {id: http", f"{SSH}\n      - {{id: http")


@pytest.fixture
def talking(host: Host) -> Iterator[Host]:
    """One is connected to the ports 22 and 80 of two."""
    host.apply(BOTH)
    with ExitStack() as stack:
        for number in (22, 80):
            server = host.two.namespace.open_socket(socket.AF_INET, socket.SOCK_STREAM)
            client = host.one.namespace.open_socket(socket.AF_INET, socket.SOCK_STREAM)
            stack.callback(server.close)
            stack.callback(client.close)
            server.bind((host.two.ipv4, number))
            server.listen()
            client.settimeout(10)
            client.connect((host.two.ipv4, number))
            stack.enter_context(server.accept()[0])
        yield host


def listed(host: Host, *options: str) -> list[Any]:
    found: list[Any] = host.data("connections", *options)["connections"]
    return found


def briefly(found: list[Any]) -> list[tuple[str, int, str, str]]:
    return [(one["port"], one["destination_port"], one["rule"], one["standing"]) for one in found]


def test_each_end_of_a_live_connection_names_its_rule(talking: Host) -> None:
    assert briefly(listed(talking)) == [
        ("one", 22, "out", "current"),
        ("one", 80, "out", "current"),
        ("two", 22, "ssh", "current"),
        ("two", 80, "http", "current"),
    ]
    assert {one["state"] for one in listed(talking)} == {"ESTABLISHED"}
    assert briefly(listed(talking, "two", "--rule", "ssh")) == [("two", 22, "ssh", "current")]
    assert listed(talking, "--remote", "192.0.2.0/24") == []
    text = talking.damselfly("connections", "two")
    assert "10.0.0.2:22" in text
    assert text.endswith("2 connections\n")


def test_rules_count_the_connections_that_they_admitted(talking: Host) -> None:
    """The switch may count a packet twice that meets a flow just made."""
    before = {rule["id"]: rule["admitted"] for rule in talking.data("get", "rules")}
    assert all(before[name] >= 1 for name in ("http", "ssh", "out"))
    for _ in range(5):
        assert reaches(Probe(talking.one, talking.two.ipv4, "tcp", 80))
    after = {rule["id"]: rule["admitted"] for rule in talking.data("get", "rules")}
    assert after["http"] >= before["http"] + 5
    assert after["ssh"] == before["ssh"]


def test_a_change_is_told_before_it_cuts(talking: Host) -> None:
    file = talking.directory / "next.yaml"
    file.write_text(POLICY)
    (cut,) = listed(talking, "--would-cut", str(file))
    assert (cut["port"], cut["rule"]) == ("two", "ssh")
    assert cut["because"] == "none of 1 ingress rules admits it"
    talking.apply(POLICY)
    assert briefly(listed(talking, "--old")) == [
        ("two", 22, None, "cut"),
        ("two", 80, "http", "judged again"),
    ]
    assert listed(talking, "--would-cut", str(file)) == [], "it was cut by another change"


def test_many_connections_are_counted_by_what_they_have_in_common(talking: Host) -> None:
    counts = talking.data("connections", "two", "--count")["counts"]
    assert sorted(
        (one["count"], one["service"], one["rule"], one["standing"]) for one in counts
    ) == [
        (1, 22, "ssh", "current"),
        (1, 80, "http", "current"),
    ]
    for _ in range(3):
        assert reaches(Probe(talking.one, talking.two.ipv4, "tcp", 80))
    counts = talking.data("connections", "two", "--count", "--all")["counts"]
    assert (counts[0]["service"], counts[0]["count"]) == (80, 4)
    text = talking.damselfly("connections", "two", "--count")
    assert text.endswith("2 connections\n")


async def test_a_switch_without_connections_and_an_unknown_command(hypervisor: Hypervisor) -> None:
    assert await tracked(hypervisor.rundir, "netdev") == []
    with pytest.raises(SwitchError, match="refused"):
        await ask_vswitchd(hypervisor.rundir, "no/such-command")
