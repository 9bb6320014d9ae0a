"""The documents' figures, from the measurements that are stored in ``bench/results``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.report import Table

BEGIN = "<!-- bench: written by tools/generate-docs from bench/results; do not edit -->"
END = "<!-- end of bench -->"
HEADLINES = ("datapath", "decisions", "group", "host")
"""What the README shows; docs/performance.md has all."""
ORDER = (
    *("datapath", "scan", "decisions", "judging", "enforcement"),
    *("remotes", "group", "leaving", "host", "growth"),
)
"""In which order the measurements are shown; others follow."""
PLOTS = {"growth": "![How costs grow](growth.svg)"}
"""What is shown besides, of a measurement that was recorded."""


def readme_document(root: Path) -> str:
    """Return the README with the headlines between the two marks."""
    return _filled(root, root / "README.md", HEADLINES)


def performance_document(root: Path) -> str:
    """Return docs/performance.md with every stored measurement between the two marks."""
    stored = {path.stem for path in (root / "bench" / "results").glob("*.json")}
    names = [name for name in ORDER if name in stored] + sorted(stored.difference(ORDER))
    return _filled(root, root / "docs" / "performance.md", names)


def _filled(root: Path, document: Path, names: Sequence[str]) -> str:
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{_figures(root, names)}{END}{after}"


def _figures(root: Path, names: Sequence[str]) -> str:
    files = (root / "bench" / "results" / f"{name}.json" for name in names)
    tables = [Table.from_json(path.read_text()) for path in files if path.exists()]
    if not tables:
        return ""
    machine = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in _machine(tables))
    shown = (part for table in tables for part in (table.to_markdown(), PLOTS.get(table.name, "")))
    return "\n\n".join([*filter(None, shown), f"Measured on: {machine}."]) + "\n\n"


def _machine(tables: list[Table]) -> list[tuple[str, str]]:
    return sorted(tables[-1].machine.items())
