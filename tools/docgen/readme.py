"""The README's figures, from the measurements that are stored in ``bench/results``."""

from __future__ import annotations

from pathlib import Path

from bench.report import Table

BEGIN = "<!-- bench: written by tools/generate-docs from bench/results; do not edit -->"
END = "<!-- end of bench -->"
ORDER = (
    *("datapath", "scan", "decisions", "judging", "enforcement"),
    *("remotes", "group", "leaving", "host", "growth"),
)
"""In which order the measurements are shown; others follow."""
PLOTS = {"growth": "![How costs grow](docs/growth.svg)"}
"""What is shown besides, of a measurement that was recorded."""


def readme_document(root: Path) -> str:
    """Return the README with the stored measurements between the two marks."""
    text = (root / "README.md").read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{_figures(root)}{END}{after}"


def _figures(root: Path) -> str:
    found = {path.stem: path for path in (root / "bench" / "results").glob("*.json")}
    names = [name for name in ORDER if name in found]
    names += sorted(found.keys() - set(ORDER))
    tables = [Table.from_json(found[name].read_text()) for name in names]
    if not tables:
        return ""
    machine = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in _machine(tables))
    shown = (part for table in tables for part in (table.to_markdown(), PLOTS.get(table.name, "")))
    return "\n\n".join([*filter(None, shown), f"Measured on: {machine}."]) + ("\n\n")


def _machine(tables: list[Table]) -> list[tuple[str, str]]:
    return sorted(tables[-1].machine.items())
