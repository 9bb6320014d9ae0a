"""The six parts of the demonstration, in order."""

from __future__ import annotations

from collections.abc import Callable

from demo.score import Score
from demo.stage import Stage

from . import explained, first_packets, forged, live, scan, truth

PARTS: tuple[tuple[str, Callable[[Stage, Score], None]], ...] = (
    ("Before and after the first packets", first_packets.show),
    ("Who reaches whom", truth.show),
    ("Forged frames", forged.show),
    ("A live connection", live.show),
    ("A port scan", scan.show),
    ("Why", explained.show),
)
