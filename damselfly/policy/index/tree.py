"""A binary tree of aligned blocks, each with a set of bits; versions share what did not change.

Which bits are set at a value, anywhere in a block, and how far around a value none of some is: each
takes one way down, however many blocks there are.  A tree is never changed: a change returns
another one, with new nodes on the way to the block only.  Equal contents give equal trees.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from damselfly.model.intervals import Block


class Node(NamedTuple):
    """A block that has bits of its own, or in both of whose halves blocks are."""

    value: int
    length: int
    here: int
    """The bits of the block itself."""
    below: int
    """All bits in the block: its own and those of the blocks in it."""
    halves: tuple[Node | None, Node | None]


Tree = Node | None
_NO_HALVES = (None, None)


def planted(blocks: Sequence[tuple[Block, int]]) -> Tree:
    """Build a tree of different blocks with bits, ascending, of two the wider one first."""
    if not blocks:
        return None
    (first, bits), (last, _) = blocks[0], blocks[-1]
    root = Block.around(first.value, min(_common(first, last), first.length), first.bits)
    own = root == first
    rest = blocks[1:] if own else blocks
    if not rest:
        return _node(root, bits, _NO_HALVES)
    middle = root.value | (1 << (root.bits - root.length - 1))
    cut = bisect_left(rest, middle, key=lambda each: each[0].value)
    return _node(root, bits if own else 0, (planted(rest[:cut]), planted(rest[cut:])))


def changed(tree: Tree, block: Block, put: int, drop: int = 0) -> Tree:
    """Return the tree with some bits of a block set and others cleared."""
    if tree is None:
        return _node(block, put, _NO_HALVES)
    here = Block(tree.value, tree.length, block.bits)
    if here == block:
        return _node(here, tree.here & ~drop | put, tree.halves)
    if here.contains(block):
        return _node(here, tree.here, _with(tree.halves, here, block, (put, drop)))
    if not put:
        return tree
    if block.contains(here):
        return _node(block, put, _split(block, tree))
    both = Block.around(block.value, _common(here, block), block.bits)
    leaf = _node(block, put, _NO_HALVES)
    halves = (leaf, tree) if block.value < tree.value else (tree, leaf)
    return _node(both, 0, halves)


def bits_at(tree: Tree, value: int, width: int) -> int:
    """Return the bits of all blocks that hold the value."""
    found = 0
    while tree is not None:
        free = width - tree.length
        if (value ^ tree.value) >> free:
            break
        found |= tree.here
        tree = tree.halves[value >> free - 1 & 1] if free else None
    return found


def bits_within(tree: Tree, block: Block) -> int:
    """Return the bits of all blocks that share a value with the block."""
    found = 0
    while tree is not None and tree.length < block.length:
        free = block.bits - tree.length
        if (block.value ^ tree.value) >> free:
            return found
        found |= tree.here
        tree = tree.halves[block.value >> free - 1 & 1]
    if tree is not None and not (block.value ^ tree.value) >> block.bits - block.length:
        found |= tree.below
    return found


def clear_length(tree: Tree, value: int, width: int, is_met: Callable[[int], object]) -> int:
    """Return the length of the widest block around the value whose bits are not ``is_met``.

    The bits at the value itself are not, and with some bits all that hold them are.
    """
    length = 0
    while tree is not None and is_met(tree.below):
        apart = (value ^ tree.value) >> width - tree.length
        if apart:
            return tree.length - apart.bit_length() + 1
        length = tree.length + 1
        tree = tree.halves[value >> width - length & 1]
    return length


def _node(block: Block, here: int, halves: tuple[Tree, Tree]) -> Tree:
    """Return a node, or what takes its place where it says nothing."""
    low, high = halves
    if not here and (low is None or high is None):
        return high if low is None else low
    below = here | (0 if low is None else low.below) | (0 if high is None else high.below)
    return Node(block.value, block.length, here, below, halves)


def _with(
    halves: tuple[Tree, Tree], here: Block, block: Block, bits: tuple[int, int]
) -> tuple[Tree, Tree]:
    low, high = halves
    if block.value >> here.bits - here.length - 1 & 1:
        return low, changed(high, block, *bits)
    return changed(low, block, *bits), high


def _split(block: Block, inner: Node) -> tuple[Tree, Tree]:
    in_high = inner.value >> block.bits - block.length - 1 & 1
    return (None, inner) if in_high else (inner, None)


def _common(one: Block, other: Block) -> int:
    """Return how many bits two blocks begin with in common, at most the length of either."""
    same = one.bits - (one.value ^ other.value).bit_length()
    return min(same, one.length, other.length)
