"""Port keys: given once, kept, and reused only after a rest."""

from __future__ import annotations

import pytest

from damselfly.agent.keys import LAST_KEY, Quarantine, allot, sound
from damselfly.errors import DamselflyError


def test_a_new_port_gets_the_lowest_free_key() -> None:
    assert allot({"a": 1, "b": 3}, ["a", "b", "c", "d"]) == {"c": 2, "d": 4}


def test_a_port_that_has_a_key_keeps_it() -> None:
    assert allot({"a": 7}, ["a"]) == {}


def test_a_key_that_rests_is_not_given_away() -> None:
    assert allot({}, ["a"], resting=[1, 2]) == {"a": 3}


def test_it_says_when_no_key_is_left() -> None:
    kept = {str(key): key for key in range(1, LAST_KEY + 1)}
    with pytest.raises(DamselflyError, match="no port key is left for port new"):
        allot(kept, ["new"])


def test_the_key_of_a_deleted_port_rests_before_it_is_released() -> None:
    quarantine = Quarantine(60)
    quarantine.observe(["gone", "here"], ["here"], now=100)
    assert quarantine.released(now=159) == []
    assert quarantine.next_release == 160
    assert quarantine.released(now=160) == ["gone"]


def test_a_port_that_comes_back_in_time_keeps_its_key() -> None:
    quarantine = Quarantine(60)
    quarantine.observe(["port"], [], now=100)
    quarantine.observe(["port"], ["port"], now=130)
    assert quarantine.next_release is None
    assert quarantine.released(now=1000) == []


def test_the_rest_is_counted_from_when_the_port_was_first_missed() -> None:
    quarantine = Quarantine(60)
    quarantine.observe(["port"], [], now=100)
    quarantine.observe(["port"], [], now=150)
    assert quarantine.next_release == 160


def test_keys_that_two_ports_claim_or_that_are_no_zone_are_not_relied_on() -> None:
    kept = {"a": 1, "b": 2, "c": 2, "d": 0, "e": 65535, "f": 7}
    assert sound(kept) == {"a": 1, "f": 7}
