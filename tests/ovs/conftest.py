"""Real switches for the tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.agent import Agent
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from tests.ovs.host import Host
from tests.ovs.site import Site


@pytest.fixture
def hypervisor() -> Iterator[Hypervisor]:
    """A hypervisor of the test's own."""
    with Hypervisor() as made:
        yield made


@pytest.fixture(scope="session")
def shared_hypervisor() -> Iterator[Hypervisor]:
    """One hypervisor for tests that leave its bridge as they found it."""
    with Hypervisor() as made:
        yield made


@pytest.fixture
def site(hypervisor: Hypervisor) -> Iterator[Site]:
    """A hypervisor of the test's own with an agent and two VMs."""
    with Agent(hypervisor) as agent:
        yield Site(hypervisor, agent)


@pytest.fixture
def host(hypervisor: Hypervisor) -> Iterator[Host]:
    """A hypervisor with an agent that follows the store which the command line writes."""
    made = Host(hypervisor)
    made.agent.start()
    try:
        made.damselfly("agent", "--ovsdb", "unix:/nowhere/db.sock", code=4)
        wait_until(lambda: bool(made.data("status")["agents"]), 20, "the agent")
        yield made
    finally:
        made.agent.stop()
