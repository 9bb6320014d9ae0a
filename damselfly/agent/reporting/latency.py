"""How long things took, sorted into buckets: all that is kept of a latency."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")
DECISION = (0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25)
ENFORCEMENT = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)


class Histogram:
    """Counts of observations, by the lowest bound that they do not exceed."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin with none; bounds are seconds, rising."""
        self.bounds = bounds
        self.total = 0.0
        """Seconds of all observations together."""
        self._counts = [0] * (len(bounds) + 1)

    def observe(self, seconds: float) -> None:
        """Count one observation."""
        self._counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def timing(self, function: Callable[[_Asked], _Answer]) -> Callable[[_Asked], _Answer]:
        """Return the function with its duration observed; not that of a call that raises."""

        def timed(asked: _Asked) -> _Answer:
            begun = time.perf_counter()
            answer = function(asked)
            self.observe(time.perf_counter() - begun)
            return answer

        return timed

    def cumulative(self) -> Iterator[tuple[str, int]]:
        """Yield each bound, as Prometheus spells it, with the number of what is within it."""
        names = [*map(str, self.bounds), "+Inf"]
        yield from zip(names, accumulate(self._counts), strict=True)


class Latencies:
    """What the agent takes time for."""

    def __init__(self) -> None:
        self.decision = Histogram(DECISION)
        """Of one paused packet, from its turn to the written verdict."""
        self.enforcement = Histogram(ENFORCEMENT)
        """Of a change, from when the agent heard of it until the switch had confirmed it."""
