"""The list of promises names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_test_that_a_promise_names_is_there() -> None:
    named = _NAMED.findall((_ROOT / "docs" / "promises.md").read_text())
    assert len(named) > 50
    missing = [f"{file}::{test}" for file, test in named if not _is_there(file, test)]
    assert missing == []


def _is_there(file: str, test: str) -> bool:
    found = [path for path in (_ROOT / "tests").rglob(Path(file).name) if path.match(file)]
    return any(f"def {test}(" in path.read_text() for path in found)
