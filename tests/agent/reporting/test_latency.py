"""Latencies in buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.agent.reporting.latency import Histogram

BOUNDS = (0.1, 0.5, 1.0)


@given(st.lists(st.floats(0, 2)))
def test_a_bucket_counts_what_is_not_beyond_its_bound(seen: list[float]) -> None:
    histogram = Histogram(BOUNDS)
    for seconds in seen:
        histogram.observe(seconds)
    expected = [(str(bound), sum(s <= bound for s in seen)) for bound in BOUNDS]
    assert list(histogram.cumulative()) == [*expected, ("+Inf", len(seen))]
    assert histogram.total == pytest.approx(sum(seen))


def test_a_timed_function_answers_as_before() -> None:
    histogram = Histogram(BOUNDS)
    assert histogram.timing(str)(5) == "5"
    assert dict(histogram.cumulative())["+Inf"] == 1
