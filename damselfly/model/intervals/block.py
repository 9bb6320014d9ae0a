"""Aligned blocks: what one masked match says of one field."""

from __future__ import annotations

from typing import NamedTuple


class Block(NamedTuple):
    """All values of a ``bits`` wide field that share their first ``length`` bits with ``value``.

    ``length`` 0 is the whole field, ``length == bits`` one value.  Bits of ``value`` beyond
    ``length`` are zero.
    """

    value: int
    length: int
    bits: int

    @classmethod
    def around(cls, value: int, length: int, bits: int) -> Block:
        """Return the block of that length that holds the value."""
        free = bits - length
        return cls(value >> free << free, length, bits)

    @property
    def first(self) -> int:
        """The lowest value of the block."""
        return self.value

    @property
    def last(self) -> int:
        """The highest value of the block."""
        return self.value | ((1 << (self.bits - self.length)) - 1)

    @property
    def mask(self) -> int:
        """The OpenFlow mask of the block; 0 for the whole field."""
        return ((1 << self.length) - 1) << (self.bits - self.length)

    @property
    def is_everything(self) -> bool:
        """Tell whether the block is the whole field."""
        return self.length == 0

    def holds(self, value: int) -> bool:
        """Tell whether the value lies in the block."""
        free = self.bits - self.length
        return value >> free == self.value >> free

    def contains(self, other: Block) -> bool:
        """Tell whether every value of the other block lies in this one."""
        return self.length <= other.length and self.holds(other.value)

    def meets(self, other: Block) -> bool:
        """Tell whether the blocks share a value; aligned blocks are nested or disjoint."""
        return self.contains(other) or other.contains(self)

    def widened(self) -> Block:
        """Return the block of twice the size that holds this one."""
        return Block.around(self.value, self.length - 1, self.bits)
