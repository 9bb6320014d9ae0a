"""One thing that was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How it stands."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    """It works, or may; something should be known or done."""
    BAD = "bad"
    """Ports are not, or cannot be, enforced before something is done."""
    UNKNOWN = "unknown"
    """It could not be looked at, because something above is bad."""


@dataclass(frozen=True, slots=True)
class Check:
    """A finding of the doctor."""

    what: str
    state: State
    found: str
    advice: str = ""
    """What to do; empty where there is nothing to do."""


def good(what: str, found: str) -> Check:
    """Say that something is as it should be."""
    return Check(what, State.GOOD, found)


def doubtful(what: str, found: str, advice: str) -> Check:
    """Say that something works, but."""
    return Check(what, State.DOUBTFUL, found, advice)


def bad(what: str, found: str, advice: str) -> Check:
    """Say that something does not work."""
    return Check(what, State.BAD, found, advice)


def unknown(names: Iterable[str], because: str) -> list[Check]:
    """Say of several things that they could not be looked at."""
    return [Check(name, State.UNKNOWN, because) for name in names]
