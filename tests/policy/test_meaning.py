"""What a rule admits, field by field: the box that regions and comparisons are made from."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, IPV6
from damselfly.model.group import DCCP, ICMP, ICMPV6, SCTP, TCP, UDPLITE, Rule
from damselfly.model.snapshot import EMPTY
from damselfly.policy.meaning import TP_BITS, box, why_nothing

from .hand import rule

LAST = (1 << TP_BITS) - 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule(IPV4, TCP), (0, LAST)),
        (rule(IPV4, TCP, 0, 0), (0, 0)),
        (rule(IPV4, TCP, 80, 90), (80, 90)),
        (rule(IPV4, TCP, None, 90), (0, 90)),
        (rule(IPV4, TCP, 80, None), (80, LAST)),
        (rule(IPV4, ICMP, 8, 0), (0, 0)),
        (rule(IPV4, ICMP, 8, None), (0, LAST)),
        (rule(IPV4, SCTP, 0, LAST), (0, LAST)),
    ],
)
def test_the_ports_or_codes_that_a_rule_admits(given: Rule, expected: tuple[int, int]) -> None:
    meant = box(given, EMPTY)
    assert meant is not None
    assert list(meant.tp_dst.spans()) == [expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule(IPV4, TCP, 80, 90), (0, LAST)),
        (rule(IPV4, ICMP), (0, LAST)),
        (rule(IPV4, ICMP, 8, 0), (8, 8)),
        (rule(IPV6, ICMP, 0, None), (0, 0)),
    ],
)
def test_the_source_ports_or_types_that_a_rule_admits(
    given: Rule, expected: tuple[int, int]
) -> None:
    meant = box(given, EMPTY)
    assert meant is not None
    assert list(meant.tp_src.spans()) == [expected]


def test_the_protocol_of_icmp_is_that_of_the_family() -> None:
    found = [box(rule(family, ICMP), EMPTY) for family in (IPV4, IPV6)]
    assert [meant and meant.protocol for meant in found] == [ICMP, ICMPV6]


@pytest.mark.parametrize(("low", "high"), [(5, 5), (1, LAST), (0, LAST - 1), (5, None)])
@pytest.mark.parametrize("protocol", [DCCP, UDPLITE])
def test_ports_that_the_switch_does_not_see_admit_nothing(
    protocol: int, low: int, high: int | None
) -> None:
    assert why_nothing(rule(IPV4, protocol, low, high), EMPTY)
    assert box(rule(IPV4, protocol, low, high), EMPTY) is None


def test_a_range_upside_down_admits_nothing_and_says_so() -> None:
    assert why_nothing(rule(IPV4, TCP, 90, 80), EMPTY) == "the port range is empty"
    assert why_nothing(rule(IPV4, TCP, 80, 80), EMPTY) is None
