"""The two directions of a rule, as values with data attached."""

from __future__ import annotations

from enum import Enum


class Direction(Enum):
    """A rule's direction, seen from the port that wears it (Neutron's ``direction``)."""

    INGRESS = "ingress"
    EGRESS = "egress"

    @property
    def code(self) -> int:
        """The number that stands for the direction in a register; never 0."""
        return _CODES[self]

    @property
    def opposite(self) -> Direction:
        """The direction that governs the other end of the same connection."""
        return Direction.EGRESS if self is Direction.INGRESS else Direction.INGRESS

    @classmethod
    def from_code(cls, code: int) -> Direction:
        """Return the direction that a register value stands for."""
        return _BY_CODE[code]


_CODES = {Direction.INGRESS: 1, Direction.EGRESS: 2}
_BY_CODE = {code: direction for direction, code in _CODES.items()}
