"""Nothing is assumed of a datapath."""

from __future__ import annotations

import pytest

from damselfly.pipeline.needs import Feature, known, lacking, named, why_shut

EVERYTHING = {feature.value: True for feature in Feature}


def test_a_datapath_that_shows_everything_lacks_nothing() -> None:
    assert lacking(EVERYTHING) == frozenset()
    assert why_shut(lacking(EVERYTHING), stateful=True) is None
    assert why_shut(lacking(EVERYTHING), stateful=False) is None


@pytest.mark.parametrize("feature", Feature)
def test_what_is_not_shown_is_lacking(feature: Feature) -> None:
    unsaid = {name: has for name, has in EVERYTHING.items() if name != feature.value}
    assert lacking(unsaid) == lacking(EVERYTHING | {feature.value: False}) == {feature}


@pytest.mark.parametrize("feature", Feature)
def test_only_stateless_ports_need_to_clear_what_the_tracker_said(feature: Feature) -> None:
    why = f"the datapath lacks {feature.value}"
    assert why_shut(frozenset({feature}), stateful=False) == why
    stateful = None if feature is Feature.CT_CLEAR else why
    assert why_shut(frozenset({feature}), stateful=True) == stateful


def test_what_is_missing_is_named_together() -> None:
    missing = frozenset({Feature.METERS, Feature.CT_LABEL})
    assert why_shut(missing, stateful=True) == "the datapath lacks CT label, meters"


@pytest.mark.parametrize("missing", [frozenset(), {Feature.METERS, Feature.CT_ZONE}, set(Feature)])
def test_names_are_read_back_and_strange_ones_passed_over(missing: set[Feature]) -> None:
    said = named(frozenset(missing))
    assert known(said) == known((*said, "time travel")) == missing
