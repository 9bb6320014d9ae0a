"""Where two sorted lists of intervals differ, found without looking at each interval.

Two versions of one large set share nearly all of their intervals, and comparing long tuples of the
same integers costs next to nothing.  What is left is short.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

SHORT = 32
"""Intervals of both lists together that are not worth another comparison."""


class Spans(NamedTuple):
    """Intervals by their first and last values: two parallel, ascending tuples."""

    starts: Sequence[int]
    ends: Sequence[int]


class Window(NamedTuple):
    """A part of either list, by index, end excluded; outside the windows the lists are the same."""

    low: int
    high: int
    other_low: int
    other_high: int


def windows(one: Spans, other: Spans) -> Iterator[Window]:
    """Yield the parts in which two lists of intervals differ, ascending; one of them may be empty.

    The intervals of each list must not touch each other.
    """
    waiting = [Window(0, len(one.starts), 0, len(other.starts))]
    while waiting:
        window = _trimmed(one, other, waiting.pop())
        low, high, other_low, other_high = window
        if low == high and other_low == other_high:
            continue
        middle = (low + high) // 2
        if low == high or other_low == other_high or _length(window) <= SHORT:
            yield window
            continue
        place = bisect_left(other.starts, one.starts[middle], other_low, other_high)
        same = place < other_high and (
            (one.starts[middle], one.ends[middle]) == (other.starts[place], other.ends[place])
        )
        if not same:
            yield window
            continue
        waiting.append(Window(middle + 1, high, place + 1, other_high))
        waiting.append(Window(low, middle, other_low, place))


def _length(window: Window) -> int:
    return window.high - window.low + window.other_high - window.other_low


def _trimmed(one: Spans, other: Spans, window: Window) -> Window:
    """Leave out what both parts begin with, and what both end with."""
    low, high, other_low, other_high = window
    most = min(high - low, other_high - other_low)
    first = min(
        _shared(a[low : low + most], b[other_low : other_low + most])
        for a, b in zip(one, other, strict=True)
    )
    low, other_low, most = low + first, other_low + first, most - first
    last = min(
        _shared(a[high - most : high][::-1], b[other_high - most : other_high][::-1])
        for a, b in zip(one, other, strict=True)
    )
    return Window(low, high - last, other_low, other_high - last)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Count the values with which both of two sequences, equally long, begin."""
    low, high = 0, len(one)
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
