"""A switch to talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from damselfly.southbound.openflow import OpenFlowSwitch, connect
from lab.hypervisor import Hypervisor


@pytest.fixture(scope="package")
def hypervisor() -> Iterator[Hypervisor]:
    """One Open vSwitch for all tests of this directory."""
    with Hypervisor() as made:
        yield made


@pytest.fixture
async def switch(hypervisor: Hypervisor) -> AsyncIterator[OpenFlowSwitch]:
    """A connection to its bridge, which has neither flows nor meters yet."""
    hypervisor.ofctl("del-flows")
    hypervisor.ofctl("del-meters")
    connected = await connect(str(hypervisor.management))
    yield connected
    await connected.close()
