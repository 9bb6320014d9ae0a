"""Measure all rigs in turns, so that the machine's drift hits them alike."""

from __future__ import annotations

import sys
from contextlib import ExitStack

from bench.report import Figure, Row, Table
from lab.command import CommandFailed

from .hybrid import Hybrid
from .ours import Ours
from .rig import Rig
from .tracked import Tracked

VARIANTS: tuple[type[Rig], ...] = (Rig, Ours, Tracked, Hybrid)
"""The first is what the others are compared with."""

_KINDS = ("connections", "round_trip", "throughput")
_COLUMNS = (
    *("new connections/s", "ratio"),
    *("round trip, us", "ratio"),
    *("TCP, Mbit/s", "ratio"),
)

Samples = list[dict[str, float]]


def datapath(rounds: int, seconds: float = 2.0) -> Table:
    """Compare new connections a second, round trip and throughput, one client and one server."""
    with ExitStack() as stack:
        rigs = [rig for variant in VARIANTS if (rig := _built(variant, stack)) is not None]
        samples: dict[str, Samples] = {rig.name: [] for rig in rigs}
        for number in range(rounds):
            for rig in rigs if number % 2 == 0 else reversed(rigs):
                samples[rig.name].append(rig.measure(seconds))
    base = samples[VARIANTS[0].name]
    rows = [Row(v.title, _figures(samples.get(v.name), base)) for v in VARIANTS]
    note = (
        f"Medians of {rounds} rounds (lowest-highest); every round measures all variants in turn,"
        " and a ratio is to bare OVS in the same round."
    )
    return Table("datapath", "Cost of filtering", _COLUMNS, tuple(rows), (note,))


def _built(variant: type[Rig], stack: ExitStack) -> Rig | None:
    try:
        return stack.enter_context(variant())
    except CommandFailed as error:
        print(f"left out: {variant.title}: {error}", file=sys.stderr)
        return None


def _figures(samples: Samples | None, base: Samples) -> tuple[Figure | None, ...]:
    if samples is None:
        return (None,) * len(_COLUMNS)
    figures = []
    for kind in _KINDS:
        values = [sample[kind] for sample in samples]
        figures.append(Figure.of(values))
        figures.append(Figure.of([v / b[kind] for v, b in zip(values, base, strict=True)]))
    return tuple(figures)
