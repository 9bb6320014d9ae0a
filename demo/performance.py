"""Perform a demonstration: enter a sandbox, show its parts, and leave nothing behind."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, Self

from lab import sandbox
from lab.command import CommandFailed

from .score import Score


class Setting(Protocol):
    """What the parts of a demonstration share."""

    def __enter__(self) -> Self:
        """Set it up."""

    def __exit__(self, *_: object) -> None:
        """Take it down."""

    def hints(self) -> Mapping[str, str]:
        """Return commands that look around in it."""


def perform(
    module: str,
    arguments: Sequence[str],
    set_up: Callable[[Score], Setting],
    parts: Sequence[tuple[str, Callable[[Any, Score], None]]],
) -> int:
    """Show the parts, titles first; return 0 only if every expectation is met.

    ``module`` is what ``python -m`` runs; it is run once more inside the sandbox.
    """
    if arguments not in ([], ["--keep"]):
        print(f"usage: python -m {module} [--keep]", file=sys.stderr)
        return 2
    try:
        if not sandbox.inside():
            return sandbox.enter([sys.executable, "-m", module, *arguments])
        return _show(set_up, parts, keep="--keep" in arguments)
    except CommandFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _show(
    set_up: Callable[[Score], Setting],
    parts: Sequence[tuple[str, Callable[[Any, Score], None]]],
    *,
    keep: bool,
) -> int:
    score = Score()
    with set_up(score) as setting:
        for number, (title, part) in enumerate(parts, start=1):
            score.part(number, title)
            part(setting, score)
        met = score.summary()
        if keep:
            _stay(setting, score)
    return 0 if met else 1


def _stay(setting: Setting, score: Score) -> None:
    score.look_around(setting.hints())
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    signal.sigwait(ending)
