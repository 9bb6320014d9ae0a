"""Comparing two policies ends soon, whatever they hold, and says no where it gave up."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.snapshot import snapshot_of
from damselfly.policy.changes import label
from damselfly.policy.changes.label import Terms, only_widens


def terms(*spans: tuple[int, int], prefix: str = "rule") -> Terms:
    """The rules of one group that admit these TCP ports."""
    rules = tuple(
        Rule(f"{prefix}{number:05}", "web", Direction.INGRESS, IPV4, TCP, first, last)
        for number, (first, last) in enumerate(spans)
    )
    snapshot = snapshot_of([SecurityGroup("web", "web", rules)])
    return Terms(snapshot, ("web",), Direction.INGRESS, IPV4)


def test_rules_that_only_change_their_ids_admit_the_same_without_a_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label, "EFFORT", 0)
    spans = [(port, port + 1) for port in range(0, 2000, 2)]
    assert only_widens(terms(*spans), terms(*spans, prefix="other"))


def test_a_range_split_in_two_is_found_where_the_search_may_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, halves = terms((1, 1000)), terms((1, 500), (501, 1000), prefix="half")
    assert only_widens(whole, halves)
    monkeypatch.setattr(label, "EFFORT", 0)
    assert not only_widens(whole, halves)
