"""Whatever comes from outside, parsers raise our own errors or nothing; the fuzzer would tell."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from damselfly.errors import BadInput
from tools.fuzz import trial
from tools.fuzz.corpus import Reach, kept, smallest
from tools.fuzz.mutation import LONGEST, mutated
from tools.fuzz.targets import TARGETS, Target
from tools.fuzz.trial import Limits, run

SHORT = {"frame": 60_000, "openflow": 15_000, "manifest": 1500, "objects": 300}
"""Inputs in every run of the tests: about two seconds for each target."""


@pytest.mark.parametrize("name", TARGETS)
def test_parsers_raise_nothing_but_our_own_errors(name: str) -> None:
    target = TARGETS[name]
    outcome = run(target, kept(target), Limits(SHORT[name], seconds=10), seed=1)
    assert outcome.findings == []
    assert outcome.is_clean, outcome
    assert outcome.inputs > len(kept(target))


def planted(data: bytes) -> None:
    """Refuse most, and fail where a length byte lies."""
    if data[:1] != b"\x08":
        raise BadInput("no")
    data[1 + data[1]]


FAULTY = Target("planted", planted, lambda data, _: data, 0, ("test_fuzz",))
SEED = bytes.fromhex("0802aabbccdd")


def test_an_error_that_is_not_ours_is_a_finding_with_its_input() -> None:
    outcome = run(FAULTY, [SEED], Limits(20_000))
    assert not outcome.is_clean
    assert outcome.refused > 0
    data, what = outcome.findings[0]
    assert what.startswith("IndexError")
    with pytest.raises(IndexError):
        planted(data)


def test_an_input_that_takes_for_ever_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "PATIENCE", 0.05)

    def stuck(data: bytes) -> None:
        while data == SEED:
            pass

    outcome = run(replace(FAULTY, run=stuck), [SEED, b"x"], Limits(2))
    assert [data for data, _ in outcome.findings] == [SEED]
    assert "takes more than" in outcome.findings[0][1]


def test_memory_that_grows_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "GROWTH", 1 << 20)
    hoard = []
    outcome = run(replace(FAULTY, run=lambda data: hoard.append(bytes(5000))), [SEED], Limits(4000))
    assert outcome.growth > 1 << 20
    assert not outcome.is_clean


def test_the_same_seed_tries_the_same_inputs() -> None:
    for seed in (0, 1):
        tried: list[list[bytes]] = [[], []]
        for found in tried:
            run(replace(FAULTY, run=found.append), [SEED, b"other"], Limits(500), seed)
        assert tried[0] == tried[1]
        assert len(set(tried[0])) > 300


def test_mutations_stay_within_bounds() -> None:
    random, data = Random(1), SEED
    for _ in range(5000):
        data = mutated(data, data, random) or SEED
        assert len(data) <= LONGEST


def test_inputs_that_reach_nothing_new_are_not_kept() -> None:
    good, refused = SEED, b"\x00"
    assert smallest(FAULTY, [good, good + b"x", refused]) == [refused, good]
    assert Reach(FAULTY).of(good) != Reach(FAULTY).of(refused)


@pytest.mark.parametrize("name", TARGETS)
def test_every_kept_input_reaches_something_of_its_own(name: str) -> None:
    target = TARGETS[name]
    corpus = kept(target)
    assert len(set(corpus)) == len(corpus)
    assert 5 <= len(corpus) <= 200
