"""The kept corpus: inputs that reach different code, one a line, in hexadecimal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

from damselfly.errors import DamselflyError

from .targets import Target

CORPUS = Path(__file__).parents[2] / "tests" / "fuzz" / "corpus"
Arc = tuple[str, int, int]


def kept(target: Target) -> list[bytes]:
    """Return the kept inputs of a target."""
    text = (CORPUS / f"{target.name}.hex").read_text()
    return [bytes.fromhex(line) for line in text.splitlines() if not line.startswith("#")]


def keep(target: Target, inputs: Iterable[bytes]) -> None:
    """Replace the kept inputs of a target."""
    lines = sorted({data.hex() for data in inputs}, key=lambda line: (len(line), line))
    note = f"# Inputs for {target.name}, each of which reaches something that no other does."
    CORPUS.mkdir(parents=True, exist_ok=True)
    (CORPUS / f"{target.name}.hex").write_text("\n".join([note, *lines, ""]))


class Reach:
    """Tells which steps from line to line of a target's code an input takes."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._arcs: set[Arc] = set()

    def of(self, data: bytes) -> set[Arc]:
        """Run the target once; return the arcs that it took."""
        self._arcs = set()
        sys.settrace(self._enter)
        try:
            self._target.run(data)
        except DamselflyError:
            pass
        finally:
            sys.settrace(None)
        return self._arcs

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not any(part in file for part in self._target.parts):
            return None
        last = 0

        def step(frame: FrameType, _event: str, _argument: Any) -> Any:
            nonlocal last
            self._arcs.add((file, last, frame.f_lineno))
            last = frame.f_lineno
            return step

        return step


def smallest(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """Choose short inputs that together reach all that these inputs reach."""
    reach, known = Reach(target), set[Arc]()
    chosen = []
    for data in sorted(set(inputs), key=len):
        arcs = reach.of(data)
        if arcs - known:
            known |= arcs
            chosen.append(data)
    return chosen
