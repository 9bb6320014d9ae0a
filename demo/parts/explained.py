"""Part 6: ask why, and hold the answer against the switch."""

from __future__ import annotations

from demo.score import Score
from demo.stage import Stage


def show(stage: Stage, score: Score) -> None:
    """Explain a connection that is allowed and one that is not."""
