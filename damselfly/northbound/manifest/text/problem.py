"""What is wrong in a file, and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from damselfly.errors import BadInput


class Problem(NamedTuple):
    """One mistake, or one remark, at a place in a file."""

    file: str
    line: int
    path: str
    """The field, from the top of the file; empty for the whole file."""
    message: str

    def __str__(self) -> str:
        """Spell it in one line, as compilers do."""
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


class BadManifest(BadInput):
    """A manifest that is refused as a whole, with everything that is wrong in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))
