"""Real switches for the tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.agent import Agent
from lab.hypervisor import Hypervisor
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
