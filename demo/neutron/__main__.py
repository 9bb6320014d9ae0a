"""Run it: ``python -m demo.neutron [--keep]``; exit 0 only if every expectation is met."""

from __future__ import annotations

import sys

from demo.performance import perform

from .parts import PARTS
from .stage import CloudStage

if __name__ == "__main__":
    sys.exit(perform("demo.neutron", sys.argv[1:], CloudStage, PARTS))
