"""Part 2: the table written by hand, beside what is seen on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.table import Table
from rich.text import Text

from demo.programs import Call, listeners, reached
from demo.score import Score
from demo.stage import EXPECTED, Stage
from lab.vm import VM

_FAMILIES = ("IPv4", "IPv6")


class Cell(NamedTuple):
    """One sender, one receiver, one address family."""

    source: str
    target: str
    family: str


def show(stage: Stage, score: Score) -> None:
    """Try what the example's table is about."""
    compare(stage.vms, EXPECTED, score)


def compare(vms: Mapping[str, VM], file: Path, score: Score) -> None:
    """Try every service between every two VMs in both families, and show it beside the file."""
    expected = yaml.safe_load(file.read_text())
    services: dict[str, str] = expected["services"]
    cells = [Cell(*pair, family) for pair in permutations(vms, 2) for family in _FAMILIES]
    calls = {(cell, name): _call(vms, cell, services[name]) for cell in cells for name in services}
    score.say(
        f"{len(calls)} calls with ping and ncat: {len(vms)} VMs, {len(services)} services, "
        "both families.  A call that no rule admits has no answer."
    )
    with listeners(list(vms.values()), [s for s in services.values() if "/" in s]):
        answers = reached(calls.values())
    seen = {cell: {name for name in services if answers[calls[cell, name]]} for cell in cells}
    wanted = {cell: _wanted(expected, cell) for cell in cells}
    for cell, name in calls:
        what = f"{cell.source} to {cell.target}, {cell.family}, {name}"
        score.count(what, met=(name in seen[cell]) == (name in wanted[cell]))
    score.table(_table(list(services), wanted, seen))
    right = sum(seen[cell] == wanted[cell] for cell in cells)
    score.say(f"{right} of {len(cells)} cells are as written by hand in {file}.")


def _call(vms: Mapping[str, VM], cell: Cell, service: str) -> Call:
    target = vms[cell.target]
    address = target.ipv4 if cell.family == "IPv4" else target.ipv6
    return Call(vms[cell.source], address, service)


def _wanted(expected: dict[str, Any], cell: Cell) -> set[str]:
    return set(expected[cell.family][cell.source][cell.target].split()) - {"-"}


def _table(services: list[str], wanted: dict[Cell, set[str]], seen: dict[Cell, set[str]]) -> Table:
    table = Table("from", "to", box=None, header_style="bold", pad_edge=False)
    for family in _FAMILIES:
        table.add_column(f"{family} expected")
        table.add_column("seen")
    last = None
    for source, target in dict.fromkeys(cell[:2] for cell in wanted):
        cells = (Cell(source, target, family) for family in _FAMILIES)
        texts = [text for cell in cells for text in _texts(services, wanted[cell], seen[cell])]
        table.add_row(source if source != last else "", target, *texts)
        last = source
    return table


def _texts(services: list[str], wanted: set[str], seen: set[str]) -> Iterator[Text]:
    yield Text(_spelt(services, wanted), style="dim")
    yield Text(_spelt(services, seen), style="green" if seen == wanted else "bold red")


def _spelt(services: list[str], names: set[str]) -> str:
    return " ".join(name for name in services if name in names) or "-"
