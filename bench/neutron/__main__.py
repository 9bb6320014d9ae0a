"""Measure: ``python -m lab.sandbox python -m bench.neutron [NAME...] [--rounds N] [--record]``."""

from __future__ import annotations

import sys

from bench.run import measure

from .calls import calls
from .crowd import crowd
from .syncing import syncing

if __name__ == "__main__":
    sys.exit(
        measure({"neutron-calls": calls, "neutron-ports": crowd, "neutron-sync": syncing}, rounds=3)
    )
