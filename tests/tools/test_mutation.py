"""The mutation tool: which changes it makes, and that a changed module is what tests import."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.mutation.mutants import mutants
from tools.mutation.trial import survives

SOURCE = '''"""Says which is larger."""


def larger(one: int, other: int = 7) -> bool:
    """Tell whether one is larger."""
    return one > other and other is not None
'''


def changes(source: str) -> list[str]:
    return [mutant.what for mutant in mutants("x.py", source)]


def test_changes_conditions_numbers_and_parts_of_conditions() -> None:
    assert changes(SOURCE) == [
        "7 -> 8",
        "and -> or: one > other and other is not None",
        "without: one > other",
        "without: other is not None",
        "one > other -> one >= other",
        "other is not None -> other is None",
    ]


def test_leaves_words_alone() -> None:
    assert changes('raise ValueError(f"{1} is wrong")\nassert 1 < 2\nx: "int" = y\n') == []


def test_leaves_guards_alone() -> None:
    assert changes("zip(x, y, strict=True)\n") == ["zip(x, y, strict=True) -> pass"]


def test_says_where_the_change_is() -> None:
    places = [(mutant.line, mutant.column) for mutant in mutants("x.py", SOURCE)]
    assert places == [(4, 35), (6, 12), (6, 12), (6, 12), (6, 12), (6, 28)]


@pytest.mark.parametrize(
    ("test", "expected"), [("larger(2, 1)", True), ("not larger(1, 1)", False)]
)
def test_a_mutant_lives_as_long_as_no_test_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, test: str, expected: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    Path("mutated.py").write_text(SOURCE)
    Path("test_it.py").write_text(f"from mutated import larger\ndef test(): assert {test}\n")
    change = next(each for each in mutants("mutated.py", SOURCE) if ">=" in each.what)
    assert survives(change.path, change.tree, ["test_it.py"], seconds=60) is expected
