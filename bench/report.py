"""Figures, tables of figures, and their three forms: terminal, JSON, Markdown."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from lab.command import run


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number: the median of several, with the lowest and the highest."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, samples: Sequence[float]) -> Self:
        """Sum up the samples."""
        return cls(statistics.median(samples), min(samples), max(samples))

    def __str__(self) -> str:
        """Spell the median, and the spread where there was more than one sample."""
        if self.low is None or self.high is None or self.low == self.high:
            return _number(self.value)
        return f"{_number(self.value)} ({_number(self.low)}-{_number(self.high)})"


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the value that the given share of the samples does not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _machine() -> dict[str, str]:
    """Say where the measurement ran."""
    version = run(["ovs-vswitchd", "--version"]).stdout.splitlines()[0].split()[-1]
    return {
        "cores": str(os.cpu_count()),
        "cpu": _cpu(),
        "kernel": platform.release(),
        "open_vswitch": f"{version}, userspace datapath",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; a figure that could not be had is None."""

    label: str
    figures: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """What one measurement found."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    machine: dict[str, str] = field(default_factory=_machine)

    def to_json(self) -> str:
        """Write the table down."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        rows = tuple(
            Row(row["label"], tuple(Figure(**f) if f else None for f in row["figures"]))
            for row in raw["rows"]
        )
        return cls(
            raw["name"],
            raw["title"],
            tuple(raw["columns"]),
            rows,
            tuple(raw["notes"]),
            raw["machine"],
        )

    def cells(self) -> list[list[str]]:
        """Return the heading and the lines, as text."""
        lines = [[row.label, *(_cell(figure) for figure in row.figures)] for row in self.rows]
        return [["", *self.columns], *lines]

    def to_text(self) -> str:
        """Lay the table out in columns for a terminal."""
        cells = self.cells()
        widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
        lines = [
            line[0].ljust(widths[0])
            + "".join(
                f"  {cell.rjust(width)}" for cell, width in zip(line[1:], widths[1:], strict=True)
            )
            for line in cells
        ]
        return "\n".join([self.title, "", *lines, *(f"  {note}" for note in self.notes), ""])

    def to_markdown(self) -> str:
        """Lay the table out in Markdown."""
        heading, *lines = (f"| {' | '.join(line)} |" for line in self.cells())
        rule = "|" + " --- |" + " ---: |" * len(self.columns)
        table = "\n".join([heading, rule, *lines])
        return "\n\n".join([f"**{self.title}**", table, *self.notes])


def _cell(figure: Figure | None) -> str:
    return "-" if figure is None else str(figure)


def _number(value: float) -> str:
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
