"""Figures and tables of figures."""

from __future__ import annotations

import pytest

from bench.report import Figure, Row, Table, percentile

TABLE = Table(
    "name",
    "Title",
    ("first", "second"),
    (Row("a", (Figure(1.5), None)), Row("b", (Figure(12_345.6), Figure(2, 1, 3)))),
    ("a note",),
    {"cores": "2"},
)


def test_several_samples_show_their_median_and_spread() -> None:
    assert str(Figure.of([3.0, 1.0, 2.25])) == "2.25 (1-3)"


def test_a_single_sample_shows_no_spread() -> None:
    assert str(Figure.of([1234.5])) == "1,234"


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.99, 5), (0.0, 1)])
def test_a_percentile_is_one_of_the_samples(share: float, value: float) -> None:
    assert percentile([5, 1, 4, 2, 3], share) == value


def test_a_table_survives_being_written_down() -> None:
    assert Table.from_json(TABLE.to_json()) == TABLE


def test_a_figure_that_could_not_be_had_is_a_dash() -> None:
    assert TABLE.to_markdown().splitlines()[2:6] == [
        "|  | first | second |",
        "| --- | ---: | ---: |",
        "| a | 1.50 | - |",
        "| b | 12,346 | 2 (1-3) |",
    ]
