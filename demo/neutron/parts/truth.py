"""Part 4: the table written by hand, beside what is seen on the wire."""

from __future__ import annotations

from pathlib import Path

from demo.neutron.stage import CloudStage
from demo.parts.truth import compare
from demo.score import Score

_EXPECTED = Path("demo/neutron/expected.yaml")


def show(stage: CloudStage, score: Score) -> None:
    """Try every service between every two machines in both families."""
    compare(stage.vms, _EXPECTED, score)
