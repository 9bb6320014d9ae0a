"""Run the demonstration: ``python -m demo [--keep]``; exit 0 only if every expectation is met."""

from __future__ import annotations

import signal
import sys

from lab import sandbox
from lab.command import CommandFailed

from .parts import PARTS
from .score import Score
from .stage import Stage


def main(arguments: list[str]) -> int:
    """Enter a sandbox, show all parts there, and leave nothing behind."""
    if arguments not in ([], ["--keep"]):
        print("usage: python -m demo [--keep]", file=sys.stderr)
        return 2
    try:
        if not sandbox.inside():
            return sandbox.enter([sys.executable, "-m", "demo", *arguments])
        return _show(keep="--keep" in arguments)
    except CommandFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _show(*, keep: bool) -> int:
    score = Score()
    with Stage(score) as stage:
        for number, (title, part) in enumerate(PARTS, start=1):
            score.part(number, title)
            part(stage, score)
        met = score.summary()
        if keep:
            _stay(stage, score)
    return 0 if met else 1


def _stay(stage: Stage, score: Score) -> None:
    score.look_around(stage.hints())
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    signal.sigwait(ending)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
