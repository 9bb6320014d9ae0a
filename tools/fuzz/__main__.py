"""Fuzz what reads bytes from outside; exit 1 and the inputs where anything but our errors comes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from random import Random

from .corpus import Reach, keep, kept, smallest
from .mutation import mutated
from .targets import TARGETS, Target
from .trial import Limits, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--inputs", type=int, help="so many; else what makes a recorded run")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="at most, a target")
    parser.add_argument("--seed", type=int, default=0, help="another one tries other inputs")
    parser.add_argument("--grow", action="store_true", help="look for inputs worth keeping instead")
    asked = parser.parse_args(arguments)
    unknown = set(asked.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}")
    code = 0
    for name in asked.targets or TARGETS:
        target = TARGETS[name]
        limits = Limits(asked.inputs or target.inputs, asked.seconds, _tell)
        code |= (
            _grow(target, limits, asked.seed) if asked.grow else _run(target, limits, asked.seed)
        )
    return code


def _run(target: Target, limits: Limits, seed: int) -> int:
    outcome = run(target, kept(target), limits, seed)
    print(outcome, flush=True)
    for data, what in outcome.findings:
        print(f"  {what[:300]}\n  {data.hex()}")
    return 0 if outcome.is_clean else 1


def _grow(target: Target, limits: Limits, seed: int) -> int:
    """Keep each mutation that reaches what no input before it has reached."""
    random, reach = Random(seed), Reach(target)
    corpus = kept(target)
    known = set().union(*map(reach.of, corpus))
    for _ in range(limits.inputs):
        data = mutated(random.choice(corpus), random.choice(corpus), random)
        data = target.mutate(data, random)
        arcs = reach.of(data)
        if arcs - known:
            known |= arcs
            corpus.append(data)
    chosen = smallest(target, corpus)
    keep(target, chosen)
    print(f"{target.name}: {len(chosen)} inputs kept, {len(known)} steps reached")
    return 0


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
