"""One cloud for the tests of this directory; what a test makes in it goes with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.cloud import SECTION, Cloud
from tests.neutron.cloud.tenant import Tenant

_IMPATIENT = {
    SECTION: {
        "store_rest": 0,
        "repair_interval": 1,
        "check_interval": 5,
        "agent_silence": 8,
        "lease": 2,
    },
}
"""Settings under which a test need not wait long for what happens by itself."""


@pytest.fixture(scope="package")
def cloud() -> Iterator[Cloud]:
    """A real Neutron with two API workers, and one host with a real agent."""
    with Cloud(_IMPATIENT, workers=2) as made:
        yield made


@pytest.fixture
def tenant(cloud: Cloud) -> Iterator[Tenant]:
    """A tenant with a network of its own."""
    with Tenant(cloud) as made:
        yield made
