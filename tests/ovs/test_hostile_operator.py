"""What a careless administrator does to the bridge under a running agent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.agent import Agent
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reach
from lab.vm import VM
from tests.ovs.site import Site, mac

pytestmark = pytest.mark.ovs


class Lived(Site):
    """A site with a VM whose interface belongs to no port."""

    def __init__(self, hypervisor: Hypervisor, agent: Agent) -> None:
        super().__init__(hypervisor, agent)
        self.stranger = VM(hypervisor, "stranger", mac(9), ["10.0.0.9/24"])

    @property
    def is_enforced(self) -> bool:
        """Whether what is admitted passes and nothing else does."""
        to = self.two.ipv4
        expected = {
            Probe(self.one, to, "tcp", 80): True,
            Probe(self.one, to, "tcp", 81): False,
            Probe(self.stranger, to, "tcp", 80): False,
        }
        return reach(expected, 0.3) == expected


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """One switch and agent for all tests here: each leaves the bridge enforced."""
    with Hypervisor() as hypervisor, Agent(hypervisor, status_interval=0.3) as agent:
        yield Lived(hypervisor, agent)


def test_a_bridge_that_would_forward_by_itself_is_closed(lived: Lived) -> None:
    hypervisor = lived.hypervisor
    for change in ("set bridge br-int fail_mode=standalone", "clear bridge br-int fail_mode"):
        hypervisor.vsctl(*change.split())
        wait_until(lambda: lived.is_enforced, 20, "the bridge")
        assert hypervisor.vsctl("get", "bridge", "br-int", "fail_mode").strip() == "secure"


def test_a_bridge_that_starts_without_its_agent_forwards_nothing(lived: Lived) -> None:
    lived.hypervisor.vsctl("clear", "bridge", "br-int", "fail_mode")
    wait_until(lambda: lived.is_enforced, 20, "the bridge")
    lived.agent.process.stop()
    lived.hypervisor.restart_vswitchd()
    assert not any(reach([Probe(lived.one, lived.two.ipv4, "tcp", 80)], 0.5).values())
    lived.agent.process.start()
    wait_until(lambda: lived.is_enforced, 20, "the bridge")


def test_a_controller_that_comes_and_goes_takes_the_flows_along_but_not_for_long(
    lived: Lived,
) -> None:
    """Open vSwitch forgets the flows of a bridge that gets its first controller."""
    for change in (
        ["set-controller", "br-int", "tcp:127.0.0.1:6653"],
        ["del-controller", "br-int"],
    ):
        lived.hypervisor.vsctl(*change)
        wait_until(lambda: lived.is_enforced, 20, "the bridge")


def test_an_emptied_bridge_is_filled_again(lived: Lived) -> None:
    lived.hypervisor.ofctl("del-flows")
    wait_until(lambda: lived.is_enforced, 20, "the bridge")
    lived.hypervisor.ofctl("del-meters")
    wait_until(lambda: lived.is_enforced, 20, "the bridge")


def test_a_flow_that_opens_everything_goes(lived: Lived) -> None:
    lived.hypervisor.ofctl("add-flow", "priority=65535,actions=NORMAL")
    wait_until(lambda: lived.is_enforced, 20, "the bridge")
