"""The real switch that the fake one is held to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .arena import Arena
from .tables import OFPORTS


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """A real switch for the tests of a module."""
    made = Arena(OFPORTS)
    try:
        yield made
    finally:
        made.close()
