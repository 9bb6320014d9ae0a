"""What the demonstration prints, and how many of its expectations are met."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_WIDTH = 100


class Score:
    """Prints each thing that is shown, and counts expectations."""

    def __init__(self, console: Console | None = None) -> None:
        """Start with nothing expected."""
        self._console = console or _console()
        self._started = time.monotonic()
        self.expected = 0
        self.missed: list[str] = []

    def part(self, number: int, title: str) -> None:
        """Begin a part."""
        self._console.print()
        self._console.print(Rule(Text(f" {number}  {title} ", style="bold"), align="left"))

    def say(self, text: str) -> None:
        """Print a remark."""
        self._console.print(Text(text, style="dim"))

    def command(self, words: Sequence[str]) -> None:
        """Print a command as it is given."""
        self._console.print(Text.assemble(("$ ", "green"), (" ".join(words), "bold")))

    def quote(self, lines: Iterable[str]) -> None:
        """Print what another program has said, a line each."""
        for line in lines:
            self._console.print(Text(f"    {line}", style="cyan"), soft_wrap=True)

    def table(self, table: Table) -> None:
        """Print a table."""
        self._console.print(table)

    def expect(self, what: str, *, met: bool, seen: str = "") -> bool:
        """Count one expectation and print whether it is met, and what was seen."""
        self.count(what, met=met)
        mark = ("  ✓ ", "green") if met else ("  ✗ ", "bold red")
        tail = f"  ({seen})" if seen else ""
        self._console.print(Text.assemble(mark, what, (tail, "dim" if met else "red")))
        return met

    def count(self, what: str, *, met: bool) -> None:
        """Count one expectation without printing it."""
        self.expected += 1
        if not met:
            self.missed.append(what)

    def summary(self) -> bool:
        """Print the last line; tell whether every expectation is met."""
        self._console.print()
        for what in self.missed:
            self._console.print(Text(f"not met: {what}", style="red"))
        seconds = time.monotonic() - self._started
        style = "bold red" if self.missed else "bold green"
        self._console.print(Text(f"after {seconds:.0f} s:", style="dim"))
        met = self.expected - len(self.missed)
        self._console.print(Text(f"{self.expected} expectations, {met} met", style=style))
        return not self.missed

    def look_around(self, hints: Mapping[str, str]) -> None:
        """Print how to look around: what for, and the command."""
        self._console.print()
        for what, command in hints.items():
            line = Text.assemble((f"{what}:\n", "dim"), (f"  {command}", "bold"))
            self._console.print(line, soft_wrap=True)
        self._console.print(Text("It is up until you press Ctrl-C here.", style="bold"))


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    return console
