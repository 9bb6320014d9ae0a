"""A run of one target: so many inputs, watched for errors, hanging and growing memory."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from damselfly.errors import DamselflyError

from .mutation import mutated
from .targets import Target

PATIENCE = 2.0
"""Seconds of processor time that one input may take."""
GROWTH = 32 << 20
"""Bytes by which memory may grow after the first fifth of a run: caches are full by then."""
_BLOCK = 256
_FINDINGS = 10
"""After so many a run is over."""


class Hang(BaseException):
    """An input takes too long; no parser may catch that."""


@dataclass(slots=True)
class Outcome:
    """What a run found."""

    target: str
    seed: int
    inputs: int = 0
    refused: int = 0
    """Inputs that raised an error of ours."""
    seconds: float = 0.0
    growth: int = 0
    """Bytes of memory, from a fifth of the run to its end."""
    findings: list[tuple[bytes, str]] = field(default_factory=list)
    """Inputs that raised anything else, or hung, and what it was."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings and self.growth <= GROWTH

    def __str__(self) -> str:
        return (
            f"{self.target}: {self.inputs:,} inputs in {self.seconds:.1f} s, "
            f"{self.refused:,} refused, {len(self.findings)} findings, "
            f"memory grew by {self.growth / 1024:,.0f} KiB (seed {self.seed})"
        )


@dataclass(slots=True)
class Limits:
    """When a run ends."""

    inputs: int
    seconds: float = float("inf")
    told: Callable[[str], object] = lambda _: None
    """Hears now and then how far it is."""


def run(target: Target, corpus: Sequence[bytes], limits: Limits, seed: int = 0) -> Outcome:
    """Try the corpus as it is, then mutations of it until a limit is reached."""
    outcome, random = Outcome(target.name, seed), Random(seed)
    begun, before = time.monotonic(), _memory()
    previous = signal.signal(signal.SIGVTALRM, _hang)
    try:
        for data in corpus:
            _watched(target, [data], outcome)
        while outcome.inputs < limits.inputs and len(outcome.findings) < _FINDINGS:
            size = min(_BLOCK, limits.inputs - outcome.inputs)
            _watched(target, [_input(target, corpus, random) for _ in range(size)], outcome)
            done = outcome.inputs
            outcome.seconds = time.monotonic() - begun
            if outcome.seconds > limits.seconds:
                break
            if done <= limits.inputs / 5:
                before = _memory()
            if done % (_BLOCK * 1000) < _BLOCK:
                limits.told(str(outcome))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    outcome.seconds, outcome.growth = time.monotonic() - begun, max(0, _memory() - before)
    return outcome


def _input(target: Target, corpus: Sequence[bytes], random: Random) -> bytes:
    pick = random.random
    data, other = corpus[int(pick() * len(corpus))], corpus[int(pick() * len(corpus))]
    if pick() < target.blind:
        data = mutated(data, other, random)
    return target.mutate(data, random)


def _watched(target: Target, inputs: list[bytes], outcome: Outcome) -> None:
    """Run a block of inputs; one that hangs ends its block."""
    signal.setitimer(signal.ITIMER_VIRTUAL, PATIENCE)
    data = b""
    try:
        for data in inputs:
            outcome.inputs += 1
            _try(target, data, outcome)
    except Hang:
        outcome.findings.append((data, f"takes more than {PATIENCE:g} s"))


def _try(target: Target, data: bytes, outcome: Outcome) -> None:
    try:
        target.run(data)
    except DamselflyError:
        outcome.refused += 1
    except Exception as error:  # noqa: BLE001  Whatever it is, it is what is looked for.
        outcome.findings.append((data, f"{type(error).__name__}: {error}"))


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def _memory() -> int:
    """Return the bytes of memory that this process has in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
