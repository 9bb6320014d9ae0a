"""When rules admit all that others did: edited in place, or several only together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, Rule, SecurityGroup
from damselfly.model.snapshot import snapshot_of
from damselfly.policy.changes.label import Terms, only_widens
from tests.policy.hand import rule

WHOLE = Prefix.parse("10.0.0.0/24")
LOW, HIGH, QUARTER = (Prefix.parse(f"10.0.0.{part}") for part in ("0/25", "128/25", "128/26"))
WEB = rule(IPV4, TCP, 80, 90, remote_ip_prefix=WHOLE)
PING = rule(IPV4, ICMP, 8, None, remote_ip_prefix=WHOLE)


def terms(rules: Iterable[Rule]) -> Terms:
    group = SecurityGroup("g", "g", tuple(rules))
    return Terms(snapshot_of([group]), ("g",), Direction.INGRESS, IPV4)


def widens(old: Rule, *new: Rule) -> bool:
    """Tell it for rules of distinct ids, but for a single one, which is edited in place."""
    named = [replace(each, id=f"{n}") for n, each in enumerate(new)] if len(new) > 1 else new
    return only_widens(terms([old]), terms(named))


@pytest.mark.parametrize(
    ("narrower", "wider"),
    [
        (WEB, replace(WEB, protocol=None, port_range_min=None, port_range_max=None)),
        (WEB, replace(WEB, port_range_min=None, port_range_max=None)),
        (WEB, replace(WEB, port_range_min=79)),
        (WEB, replace(WEB, port_range_max=91)),
        (WEB, replace(WEB, remote_ip_prefix=Prefix.parse("10.0.0.0/23"))),
        (WEB, replace(WEB, remote_ip_prefix=None)),
        (PING, replace(PING, port_range_min=None)),
        (replace(PING, port_range_max=0), PING),
    ],
)
def test_a_rule_that_is_edited_to_admit_more_widens_and_back_does_not(
    narrower: Rule, wider: Rule
) -> None:
    assert widens(narrower, wider)
    assert not widens(wider, narrower)


@pytest.mark.parametrize(
    "other",
    [
        replace(WEB, protocol=UDP),
        replace(WEB, port_range_min=85, port_range_max=95),
        replace(WEB, remote_ip_prefix=Prefix.parse("10.0.1.0/24")),
    ],
)
def test_a_rule_that_is_edited_to_admit_something_else_does_not_widen(other: Rule) -> None:
    assert not widens(WEB, other)
    assert not widens(other, WEB)


def test_another_type_is_something_else() -> None:
    assert not widens(PING, replace(PING, port_range_min=0))


def test_halves_of_the_remote_cover_it_and_less_does_not() -> None:
    low, high, less = (replace(WEB, remote_ip_prefix=part) for part in (LOW, HIGH, QUARTER))
    assert widens(WEB, low, high)
    assert widens(WEB, high, low)
    assert not widens(WEB, low, less)


def test_what_a_wider_rule_leaves_over_is_no_more_than_there_was() -> None:
    """Any port from one half and the right ports from the other: nothing else is missed."""
    any_port = replace(WEB, port_range_min=None, port_range_max=None, remote_ip_prefix=LOW)
    any_protocol = replace(any_port, protocol=None)
    rest = replace(WEB, remote_ip_prefix=HIGH)
    assert widens(WEB, any_port, rest)
    assert widens(WEB, any_protocol, rest)
    assert not widens(WEB, any_port, replace(rest, port_range_min=81))


def test_what_any_type_leaves_over_is_the_type_that_there_was() -> None:
    any_type = replace(PING, port_range_min=None, remote_ip_prefix=LOW)
    assert widens(PING, any_type, replace(PING, remote_ip_prefix=HIGH))
    other = replace(PING, port_range_min=0, remote_ip_prefix=HIGH)
    assert not widens(PING, any_type, other)


def test_ports_and_remotes_in_a_chequer_cover_only_where_no_square_is_left_out() -> None:
    squares = [
        replace(WEB, port_range_min=first, port_range_max=last, remote_ip_prefix=part)
        for first, last in ((80, 84), (85, 90))
        for part in (LOW, HIGH)
    ]
    assert widens(WEB, *squares)
    for square in squares:
        assert not widens(WEB, *(each for each in squares if each is not square))


def test_rules_of_another_protocol_cover_nothing() -> None:
    assert not widens(WEB, replace(WEB, protocol=UDP), replace(PING, port_range_min=None))
