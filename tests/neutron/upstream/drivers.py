"""Which mechanism drivers a run loads, and the failures that it need not answer for.

A pytest plugin: ``-p tests.neutron.upstream.drivers``.  With ``UPSTREAM=stock`` our driver stays
out and what fails then is written down; what fails with it must be among that.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).with_name("shared-failures.txt")
_HEADING = "# Fails with Neutron's stock drivers too: make test-neutron-upstream UPSTREAM=stock\n"
_STOCK = ["logger", "test"]
_MEASURES = os.environ.get("UPSTREAM") == "stock"
_failed: set[str] = set()


def loaded() -> list[str]:
    """Return the drivers, those of Neutron's own run first."""
    return _STOCK if _MEASURES else [*_STOCK, "damselfly"]


def shared_failures() -> set[str]:
    """Return the tests that fail without our driver."""
    return {line for line in SHARED.read_text().splitlines() if not line.startswith("#")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the shared failures to fail."""
    known = set() if _MEASURES else shared_failures()
    for item in items:
        if _name(item.nodeid) in known:
            item.add_marker(pytest.mark.xfail(reason="the stock drivers fail it too"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take note of a failure."""
    if report.failed:
        _failed.add(_name(report.nodeid))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what failed, where that is measured."""
    if _MEASURES and not hasattr(session.config, "workerinput"):
        SHARED.write_text(_HEADING + "".join(f"{name}\n" for name in sorted(_failed)))


def _name(nodeid: str) -> str:
    return nodeid.partition("::")[2]
