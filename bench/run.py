"""Run measurements by name, print their tables and write them down."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from lab import sandbox

from .report import Table

_HERE = Path(__file__).parent


def measure(benches: Mapping[str, Callable[[int], Table]], rounds: int) -> int:
    """Run what the command line names, or all; JSON goes to ``bench/out``; return 0.

    With ``--record`` it goes to ``bench/results`` too.
    """
    arguments = _parser(benches, rounds).parse_args()
    sandbox.require()
    for name in arguments.names or benches:
        table = benches[name](arguments.rounds)
        print(table.to_text(), flush=True)
        for directory in ["out", "results"] if arguments.record else ["out"]:
            path = _HERE / directory / f"{name}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(table.to_json())
    return 0


def _parser(names: Iterable[str], rounds: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure Damselfly and its peers.")
    parser.add_argument("names", nargs="*", choices=[*names, []], help="default: all")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"how often ({rounds})")
    parser.add_argument("--record", action="store_true", help="write bench/results too")
    return parser
