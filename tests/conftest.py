"""What all tests share: how Hypothesis runs, and that a real switch needs the sandbox."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from lab import sandbox

# Two shared cores: a slow example is no failure.  A failure prints how to repeat it.
_PATIENT = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", _PATIENT, derandomize=True, max_examples=40)
settings.register_profile("deep", _PATIENT, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a real switch where there is no sandbox: `make test` makes one."""
    if sandbox.inside():
        return
    outside = pytest.mark.skip(reason="needs the sandbox: python -m lab.sandbox python -m pytest")
    for item in items:
        if item.get_closest_marker("ovs"):
            item.add_marker(outside)
