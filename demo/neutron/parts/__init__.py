"""The parts of the demonstration for OpenStack, in order."""

from __future__ import annotations

from collections.abc import Callable

from demo.neutron.stage import CloudStage
from demo.score import Score

from . import booting, building, hosts, leaving, live, refused, truth

PARTS: tuple[tuple[str, Callable[[CloudStage, Score], None]], ...] = (
    ("A network and groups", building.show),
    ("The host", hosts.show),
    ("Machines", booting.show),
    ("Who reaches whom", truth.show),
    ("A live connection", live.show),
    ("The agent goes and comes back", leaving.show),
    ("What cannot be had", refused.show),
)
