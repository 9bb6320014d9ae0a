"""Run the demonstration: ``python -m demo [--keep]``; exit 0 only if every expectation is met."""

from __future__ import annotations

import sys

from .parts import PARTS
from .performance import perform
from .stage import Stage

if __name__ == "__main__":
    sys.exit(perform("demo", sys.argv[1:], Stage, PARTS))
