"""Mutate source files, and say which mutants no test noticed."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from .coverage_of import Reach, reach
from .mutants import Mutant, mutants
from .trial import prepare, survives

START = 20.0
"""Seconds of CPU time that a trial may take beside five times what its tests took."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__)
    parser.add_argument("target", help="a directory or a file of source code")
    parser.add_argument("tests", nargs="+", help="directories or files of tests")
    parser.add_argument("--only", default="", help="text that a mutant's place must contain")
    asked = parser.parse_args(arguments)
    files = _files(asked.target)
    reached, seconds = reach(asked.target, asked.tests)
    prepare()
    counts: Counter[str] = Counter()
    for mutant in _all(files):
        if asked.only in f"{mutant.path}:{mutant.line}":
            fate = _fate(mutant, reached, seconds)
            counts[fate] += 1
            if fate != "killed":
                print(f"{fate}: {mutant.path}:{mutant.line}: {mutant.what}", flush=True)
    total = counts.total()
    print(f"{total} mutants, {counts['killed']} killed ({counts['killed'] / max(total, 1):.1%})")
    return 0


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
    patience = START + 5 * sum(seconds[name] for name in tests)
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
