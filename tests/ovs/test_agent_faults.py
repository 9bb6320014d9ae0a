"""What comes and goes around the agent: itself, its switch, ports, rules under way."""

from __future__ import annotations

import time

import pytest

from bench.agent import Agent
from damselfly.northbound import keys
from damselfly.northbound.store import Change
from damselfly.pipeline.layout import Table
from demo.stream import streaming
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from lab.vm import VM
from tests.ovs.counting import Relay
from tests.ovs.site import GROUP, Site, mac, port, vm

pytestmark = pytest.mark.ovs


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
        assert kept.flows()
        gone = Change(keys.rule("web", "http"), None)
        site.restart_agent(between=lambda: site.agent.commit([gone]))
        moment = time.monotonic() + 0.5
        assert kept.flows()
        assert cut.after(moment) == []
        assert kept.retransmitted == 0


def test_a_rule_that_goes_cuts_its_connections_and_no_other(site: Site) -> None:
    with streaming(site.one, site.two, 80) as cut, streaming(site.one, site.two, 22) as kept:
        assert cut.flows()
        assert kept.flows()
        site.delete_rule("http")
        moment = time.monotonic() + 0.5
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
        moment = time.monotonic() + 0.5
        time.sleep(0.5)
        assert push.after(moment) == []


def test_a_port_that_is_unplugged_leaves_nothing(site: Site) -> None:
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    ofport = site.one.ofport
    site.one.unplug()
    wait_until(lambda: "vm1" not in site.active(), 10, "the agent's report")
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


def test_a_restarted_database_is_found_again(site: Site) -> None:
    """ovs-vswitchd itself forwards nothing in user space until it has its database again."""
    site.hypervisor.restart_database()
    wait_until(lambda: reaches(Probe(site.one, site.two.ipv4, "tcp", 80)), 20, "the switch")
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
