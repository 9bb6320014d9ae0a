"""Answers: colour on a terminal, plain columns in a pipe, JSON and YAML for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

import rich_click as click
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_WIDE = 10_000
"""Columns where nobody looks: nothing is wrapped or cut."""
_NONE = "-"
STYLES = {
    "active": "green", "closed": "red", "down": "yellow",
    "create": "green", "change": "yellow", "delete": "red",
    "allowed": "green", "denied": "red",
}  # fmt: skip
"""Words that are shown in a colour of their own, wherever they fill a cell."""


def say(text: str, style: str = "") -> None:
    """Print a line of an answer for people."""
    _console().print(escape(text), style=style, soft_wrap=True)


def note(text: str) -> None:
    """Print a remark beside the answer, to standard error."""
    click.echo(click.style(text, fg="yellow"), err=True)


def data(value: object, form: str) -> None:
    """Print an answer for programs."""
    if form == "json":
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        click.echo(
            yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_WIDE), nl=False
        )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their headings; a column that says nothing in any row is left out."""
    cells = [[_cell(value) for value in row] for row in rows]
    if cells:
        used = [index for index in range(len(columns)) if any(row[index] != _NONE for row in cells)]
        columns = [columns[index] for index in used]
        cells = [[row[index] for index in used] for row in cells]
    if not _on_terminal():
        for line in _columns([[name.upper() for name in columns], *cells]):
            click.echo(line)
        return
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        shown.add_column(name.upper(), overflow="fold")
    for row in cells:
        shown.add_row(*(f"[{STYLES[c]}]{c}[/]" if c in STYLES else escape(c) for c in row))
    _console().print(shown)


def ago(seconds: float) -> str:
    """Spell how long ago something was."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{max(seconds, 0):.1f} s ago"


def _cell(value: object) -> str:
    if value is None or value == "":
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(str, value)) or _NONE
    return str(value)


def _columns(rows: list[list[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _on_terminal() -> bool:
    return sys.stdout.isatty()


def _console() -> Console:
    return Console(width=None if _on_terminal() else _WIDE, highlight=False)
