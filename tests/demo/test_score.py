"""The demonstration's own book-keeping: what is not met is said, and counted."""

from __future__ import annotations

import io

from rich.console import Console

from demo.score import Score


def score() -> tuple[Score, io.StringIO]:
    printed = io.StringIO()
    return Score(Console(file=printed, width=100)), printed


def test_all_met_ends_with_the_count() -> None:
    made, printed = score()
    made.expect("water is wet", met=True, seen="splash")
    made.count("silently", met=True)
    assert made.summary()
    assert "✓ water is wet  (splash)" in printed.getvalue()
    assert printed.getvalue().splitlines()[-1] == "2 expectations, 2 met"


def test_one_unmet_is_named_and_fails_the_whole() -> None:
    made, printed = score()
    made.count("the moon is cheese", met=False)
    made.expect("water is wet", met=True)
    assert not made.summary()
    assert "not met: the moon is cheese" in printed.getvalue()
    assert printed.getvalue().splitlines()[-1] == "2 expectations, 1 met"


def test_nothing_that_is_quoted_is_taken_for_markup() -> None:
    made, printed = score()
    made.quote(["reg0=0x1,actions=[bold]drop[/bold]"])
    made.expect("[red]loud[/red]", met=True)
    assert "[bold]drop[/bold]" in printed.getvalue()
    assert "[red]loud[/red]" in printed.getvalue()
