"""Measure: ``python -m lab.sandbox python -m bench [NAME...] [--rounds N] [--record]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from lab import sandbox

from .ours.changing import enforcement
from .ours.deciding import decisions
from .ours.flood.compare import flood
from .ours.judging import judging
from .ours.scanning import scan
from .peers.compare import datapath
from .report import Table
from .storm.crossing import crossing

BENCHES: dict[str, Callable[[int], Table]] = {
    "datapath": datapath,
    "scan": scan,
    "decisions": decisions,
    "judging": judging,
    "enforcement": enforcement,
    "crossing": crossing,
    "flood": flood,
}
_HERE = Path(__file__).parent


def main() -> int:
    """Run the named measurements, or all; print tables and write JSON to ``bench/out``."""
    arguments = _parser().parse_args()
    sandbox.require()
    for name in arguments.names or BENCHES:
        table = BENCHES[name](arguments.rounds)
        print(table.to_text(), flush=True)
        for directory in ["out", "results"] if arguments.record else ["out"]:
            path = _HERE / directory / f"{name}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(table.to_json())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Damselfly and its peers.")
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=5, help="how often (default: 5)")
    parser.add_argument("--record", action="store_true", help="write bench/results too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
