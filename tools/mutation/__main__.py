"""Mutate source files, and say which mutants no test noticed."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from .coverage_of import Reach, reach
from .mutants import Mutant, mutants
from .trial import prepare, survives

START = 15.0
"""Seconds of CPU time that a trial may take beside half of what its tests took under coverage."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("target", help="a directory or a file of source code")
    parser.add_argument("tests", nargs="+", help="directories or files of tests")
    parser.add_argument("--only", default="", help="text that a mutant's place must contain")
    parser.add_argument("--reach", type=Path, help="a file that keeps who reaches what")
    asked = parser.parse_args(arguments)
    files = _files(asked.target)
    reached, seconds = _reach(asked.target, asked.tests, asked.reach)
    prepare()
    counts: Counter[str] = Counter()
    for mutant in _all(files):
        if asked.only in _place(mutant):
            fate = _fate(mutant, reached, seconds)
            counts[fate] += 1
            if fate != "killed":
                print(f"{fate}: {_place(mutant)}: {mutant.what}", flush=True)
    total = counts.total()
    print(f"{total} mutants, {counts['killed']} killed ({counts['killed'] / max(total, 1):.1%})")
    return 0


def _reach(target: str, tests: Sequence[str], kept: Path | None) -> tuple[Reach, dict[str, float]]:
    """Measure who reaches what, unless an earlier run has kept it."""
    if kept is not None and kept.exists():
        lines, seconds = json.loads(kept.read_text())
        return {path: {int(n): t for n, t in each.items()} for path, each in lines.items()}, seconds
    measured = reach(target, tests)
    if kept is not None:
        kept.write_text(json.dumps(measured))
    return measured


def _place(mutant: Mutant) -> str:
    return f"{mutant.path}:{mutant.line}:{mutant.column}"


def _files(target: str) -> list[str]:
    path = Path(target)
    return [str(each) for each in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def _all(files: list[str]) -> Iterator[Mutant]:
    for file in files:
        yield from mutants(file, Path(file).read_text())


def _fate(mutant: Mutant, reached: Reach, seconds: dict[str, float]) -> str:
    tests = _tests(mutant, reached.get(mutant.path, {}), seconds)
    if not tests:
        return "not reached"
    patience = START + sum(seconds[name] for name in tests) / 2
    survived = survives(mutant.path, mutant.tree, tests, patience)
    return "survived" if survived else "killed"


def _tests(mutant: Mutant, lines: dict[int, list[str]], seconds: dict[str, float]) -> list[str]:
    """Return the tests that reach the line; all that reach the file, where none reaches the line.

    Lines that run at import have no test of their own, nor has every line of a long expression.
    """
    here = lines.get(mutant.line)
    if here:
        return here
    every = {name for names in lines.values() for name in names}
    return sorted(every, key=seconds.__getitem__)


if __name__ == "__main__":
    sys.exit(main())
