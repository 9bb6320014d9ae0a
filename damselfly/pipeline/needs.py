"""What a datapath must be able to do, and what stays closed where it cannot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum


class Feature(Enum):
    """What the flows need of a datapath, by the names that Open vSwitch shows."""

    RECIRC = "Recirc"
    CT_STATE = "CT state"
    CT_ZONE = "CT zone"
    CT_MARK = "CT mark"
    CT_LABEL = "CT label"
    CT_ORIG_TUPLE = "CT orig tuple"
    CT_ORIG_TUPLE6 = "CT orig tuple for IPv6"
    CT_CLEAR = "Conntrack clear"
    METERS = "meters"


Lacks = frozenset[Feature]
"""What a datapath cannot do."""
NOTHING: Lacks = frozenset()
FIXED: Lacks = frozenset(Feature) - {Feature.CT_CLEAR, Feature.METERS}
"""What the flows that concern no port need: without it the switch refuses them."""
_EVERY_PORT: Lacks = FIXED | {Feature.METERS}
_STATELESS: Lacks = _EVERY_PORT | {Feature.CT_CLEAR}


def lacking(shown: Mapping[str, bool]) -> Lacks:
    """Return what a datapath does not show that it can do; what it does not name it cannot."""
    return frozenset(feature for feature in Feature if not shown.get(feature.value, False))


def why_shut(lacks: Lacks, *, stateful: bool) -> str | None:
    """Say why a port cannot be enforced on such a datapath; None where it can."""
    missing = lacks & (_EVERY_PORT if stateful else _STATELESS)
    return f"the datapath lacks {in_words(missing)}" if missing else None


def named(lacks: Lacks) -> tuple[str, ...]:
    """Name features as Open vSwitch does, in a fixed order."""
    return tuple(feature.value for feature in Feature if feature in lacks)


def in_words(lacks: Lacks) -> str:
    """Name features in one line."""
    return ", ".join(named(lacks))


def known(names: Collection[str]) -> Lacks:
    """Return the features of these names; another version may name others."""
    return frozenset(feature for feature in Feature if feature.value in names)
