"""Measure: ``python -m lab.sandbox python -m bench.neutron [NAME...] [--rounds N] [--record]``."""

from __future__ import annotations

import sys

from bench.run import measure

from .bulk import bulk
from .calls import calls
from .crowd import crowd
from .syncing import syncing

BENCHES = {
    "neutron-calls": calls,
    "neutron-ports": crowd,
    "neutron-sync": syncing,
    "neutron-bulk": bulk,
}

if __name__ == "__main__":
    sys.exit(measure(BENCHES, rounds=3))
