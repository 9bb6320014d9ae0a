"""The agent, as a process of its own, on a real switch, with the traffic of real kernels."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from bench.agent import Agent
from damselfly.model.address import IPV4, IPV6, Prefix, parse_mac
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored
from damselfly.northbound.store import Change
from damselfly.pipeline.layout import Table
from demo.stream import streaming
from lab.daemon import wait_until
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reach, reaches
from lab.vm import VM
from tests.ovs.counting import Relay

pytestmark = pytest.mark.ovs

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
GROUP = SecurityGroup(
    "web",
    "web",
    (
        Rule("big", "web", INGRESS, IPV4, UDP, 5000, 5000),
        Rule("http", "web", INGRESS, IPV4, TCP, 80, 80),
        Rule("http6", "web", INGRESS, IPV6, TCP, 80, 80),
        Rule("out4", "web", EGRESS, IPV4),
        Rule("out6", "web", EGRESS, IPV6),
        Rule("ping", "web", INGRESS, IPV4, ICMP, 8, 0, remote_group_id="web"),
        Rule("ping6", "web", INGRESS, IPV6, ICMPV6, 128, 0, remote_group_id="web"),
        Rule("ssh", "web", INGRESS, IPV4, TCP, 22, 22),
    ),
)
NETWORK = Network("net", "net", 7)


def port(number: int) -> Port:
    addresses = (Prefix.parse(f"10.0.0.{number}"), Prefix.parse(f"fd00::{number}"))
    return Port(
        f"vm{number}", "net", parse_mac(mac(number)), f"vm{number}", addresses, (), ("web",)
    )


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def vm(hypervisor: Hypervisor, number: int) -> VM:
    addresses = [f"10.0.0.{number}/24", f"fd00::{number}/64"]
    return VM(hypervisor, f"vm{number}", mac(number), addresses)


class Site:
    """A hypervisor with an agent, two VMs and the policy above."""

    def __init__(self, hypervisor: Hypervisor, agent: Agent) -> None:
        self.hypervisor = hypervisor
        self.agent = agent
        self.one, self.two = vm(hypervisor, 1), vm(hypervisor, 2)
        self.apply(NETWORK, GROUP, port(1), port(2))

    def apply(self, *things: Stored) -> None:
        """Write objects and wait until they are enforced."""
        self.agent.enforced(self.agent.write(things))

    def delete_rule(self, rule_id: str) -> None:
        """Delete a rule of the group and wait until that is enforced."""
        change = Change(keys.rule("web", rule_id), None)
        self.agent.enforced(self.agent.commit([change]))

    def restart_agent(self, between: Callable[[], object] = lambda: None) -> None:
        """Kill the agent with SIGKILL and start it again; wait until it has enforced."""
        before = self.agent.status()
        assert before is not None
        os.kill(self.agent.process.pid, signal.SIGKILL)
        between()
        self.agent.process.stop()
        now = time.time()
        self.agent.process.start()
        wait_until(lambda: self._started_after(now), 20, "the agent")

    def _started_after(self, moment: float) -> bool:
        status = self.agent.status()
        return status is not None and status.started_at >= moment and status.revision > 0


@pytest.fixture
def site(hypervisor: Hypervisor) -> Iterator[Site]:
    with Agent(hypervisor) as agent:
        yield Site(hypervisor, agent)


def test_the_wire_obeys_the_rules_in_both_families(site: Site) -> None:
    one, two = site.one, site.two
    expected = {
        Probe(one, two.ipv4, "icmp"): True,
        Probe(one, two.ipv6, "icmp"): True,
        Probe(one, two.ipv4, "tcp", 80): True,
        Probe(one, two.ipv6, "tcp", 80): True,
        Probe(one, two.ipv4, "tcp", 22): True,
        Probe(one, two.ipv6, "tcp", 22): False,
        Probe(one, two.ipv4, "tcp", 81): False,
        Probe(one, two.ipv4, "udp", 5000): True,
        Probe(one, two.ipv4, "udp", 5001): False,
    }
    assert reach(expected) == expected


def test_the_verdict_table_is_empty_before_the_first_packet(site: Site) -> None:
    site.one.unplug()
    site.two.unplug()
    fresh = [VM(site.hypervisor, f"vm{n}", mac(n), [], plug=False) for n in (3, 4)]
    for each in fresh:
        each.namespace.ip("link set eth0 down")
        each.plug()
    site.apply(port(3), port(4))
    assert site.agent.verdicts() == 0


def test_a_killed_agent_started_again_sends_no_flow_mod(hypervisor: Hypervisor) -> None:
    with (
        Relay(hypervisor.management, hypervisor.rundir / "relay") as relay,
        Agent(hypervisor, management=str(relay.path)) as agent,
    ):
        site = Site(hypervisor, agent)
        assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
        sent = relay.flow_mods
        assert sent > 0
        site.restart_agent()
        assert relay.flow_mods == sent
        assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
        assert relay.flow_mods == sent


def test_connections_live_on_while_the_agent_is_down_and_when_it_comes_back(site: Site) -> None:
    with streaming(site.one, site.two, 80) as stream:
        assert stream.flows()
        site.restart_agent(between=lambda: time.sleep(0.5))
        assert stream.flows()
        assert stream.retransmitted == 0
    assert stream.complete


def test_a_revocation_made_while_the_agent_was_down_cuts_the_connection_at_start(
    site: Site,
) -> None:
    with streaming(site.one, site.two, 80) as cut, streaming(site.one, site.two, 22) as kept:
        assert cut.flows()
        gone = Change(keys.rule("web", "http"), None)
        site.restart_agent(between=lambda: site.agent.commit([gone]))
        moment = time.monotonic() + 0.1
        assert kept.flows()
        assert cut.after(moment) == []
        assert kept.retransmitted == 0


def test_a_rule_that_goes_cuts_its_connections_and_no_other(site: Site) -> None:
    with streaming(site.one, site.two, 80) as cut, streaming(site.one, site.two, 22) as kept:
        assert cut.flows()
        assert kept.flows()
        site.delete_rule("http")
        moment = time.monotonic() + 0.1
        assert kept.flows()
        assert cut.after(moment) == []
        site.apply(GROUP)
        assert cut.flows(patience=15)
        assert kept.retransmitted == 0
    assert cut.complete
    assert kept.complete


def test_a_server_that_pushes_is_cut_as_well(site: Site) -> None:
    """The connection is governed by the rule that admitted it, whoever sends."""
    with streaming(site.two, site.one, 80) as push:
        assert push.flows()
        site.delete_rule("http")
        moment = time.monotonic() + 0.1
        time.sleep(0.5)
        assert push.after(moment) == []


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_big_datagrams_pass_once_their_verdict_is_known(site: Site, family: str) -> None:
    """A datagram in fragments that meets no verdict is lost once at each end (decision 010)."""
    address = getattr(site.two, family)
    assert site.one.run(["ping", "-c1", address], check=False).returncode == 0
    big = site.one.run(["ping", "-c20", "-i0.01", "-s4000", address], check=False)
    assert "20 received" in big.stdout


def test_a_big_datagram_that_no_rule_admits_leaks_no_fragment(site: Site) -> None:
    site.delete_rule("ping")
    with Frames(site.two) as wire:
        site.one.run(["ping", "-c3", "-i0.2", "-W1", "-s4000", site.two.ipv4], check=False)
        arrived = [frame for frame in wire.receive() if frame[12:14] == b"\x08\x00"]
    assert arrived == []


def test_a_port_that_is_unplugged_leaves_nothing(site: Site) -> None:
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    ofport = site.one.ofport
    site.one.unplug()
    wait_until(lambda: "vm1" not in _active(site), 10, "the agent's report")
    flows = site.hypervisor.ofctl("dump-flows")
    assert f"in_port={ofport} " not in flows
    assert "reg6=0x1," not in flows
    assert "reg0=0x1," not in flows
    assert "zone=1" not in site.hypervisor.appctl("dpctl/dump-conntrack", "zone=1")
    assert "meter=1 " not in site.hypervisor.ofctl("dump-meters")


def test_a_port_that_is_plugged_again_works_again(site: Site) -> None:
    site.one.unplug()
    site.one.plug(ofport=40)
    wait_until(lambda: reaches(Probe(site.one, site.two.ipv4, "tcp", 80)), 10, "the port")


def test_an_interface_of_an_unknown_port_reaches_nobody(site: Site) -> None:
    stranger = VM(site.hypervisor, "stranger", mac(9), ["10.0.0.9/24"])
    assert not reaches(Probe(stranger, site.two.ipv4, "tcp", 80))


def test_what_leaves_the_last_group_is_closed(site: Site) -> None:
    site.apply(replace(port(2), security_groups=()))
    assert not reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    assert not reaches(Probe(site.two, site.one.ipv4, "tcp", 80))


def test_without_port_security_a_port_is_not_filtered_but_its_peers_are(site: Site) -> None:
    site.apply(replace(port(2), security_groups=(), port_security_enabled=False))
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 81))
    assert not reaches(Probe(site.two, site.one.ipv4, "tcp", 81))
    assert reaches(Probe(site.two, site.one.ipv4, "tcp", 80))


def test_a_restarted_database_is_found_again(site: Site) -> None:
    site.hypervisor.restart_database()
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    third = vm(site.hypervisor, 3)
    site.apply(port(3))
    wait_until(lambda: reaches(Probe(third, site.two.ipv4, "tcp", 80)), 20, "the new port")


def test_a_restarted_switch_is_filled_again(site: Site) -> None:
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    site.hypervisor.restart_vswitchd()
    wait_until(lambda: reaches(Probe(site.one, site.two.ipv4, "tcp", 80)), 20, "the switch")
    assert not reaches(Probe(site.one, site.two.ipv4, "tcp", 81))


def test_flows_that_go_behind_the_agents_back_never_open_anything(site: Site) -> None:
    site.hypervisor.ofctl("del-flows", f"table={Table.VERDICTS}")
    assert not reaches(Probe(site.one, site.two.ipv4, "tcp", 81))


def _active(site: Site) -> set[str]:
    status = site.agent.status()
    assert status is not None
    return {each.port_id for each in status.ports if each.state == "active"}
