"""Draw how costs grow: ``python -m bench.large.plot`` reads the recorded figures, writes an SVG."""

from __future__ import annotations

import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from bench.report import Table

_ROOT = Path(__file__).parents[2]
RESULT, PLOT = _ROOT / "bench/results/growth.json", _ROOT / "docs/growth.svg"
_SHOWN = (0, 1, 2, 3, 4, 5)
"""The columns that are times."""
_MARKS = "osD^v*"


def draw(table: Table, path: Path) -> None:
    """Draw one panel for each of what grows; what is linear rises as the grey lines do."""
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    kinds = list(dict.fromkeys(row.label.split()[1] for row in table.rows))
    panels = figure.subplots(1, len(kinds), sharey=True)
    for panel, kind in zip(panels, kinds, strict=True):
        _panel(panel, table, kind)
    panels[0].set_ylabel("CPU time, ms")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    with rc_context({"svg.hashsalt": table.name}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _panel(panel: Axes, table: Table, kind: str) -> None:
    rows = [row for row in table.rows if row.label.split()[1] == kind]
    sizes = [int(row.label.split()[0].replace(",", "")) for row in rows]
    panel.set(xscale="log", yscale="log", title=f"growing with {kind}", xlabel=kind)
    for level in (1e-3, 1e-2, 1e-1, 1, 10):
        panel.plot(sizes, [level * size for size in sizes], color="0.9", zorder=0)
    for column in _SHOWN:
        found = [row.figures[column] for row in rows]
        times = [None if each is None else each.value for each in found]
        panel.plot(sizes, times, marker=_MARKS[column], label=table.columns[column])  # type: ignore[arg-type]
    panel.set_ylim(0.1, 10_000)
    panel.set_xticks(sizes)
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))


def main() -> int:
    """Draw the recorded figures where there are any; or those of one file into another."""
    source, target = (Path(each) for each in sys.argv[1:3] or (RESULT, PLOT))
    if source.exists():
        draw(Table.from_json(source.read_text()), target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
