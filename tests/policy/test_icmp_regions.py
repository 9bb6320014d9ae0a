"""Regions of ICMP: a type or code is matched whole, or not at all."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, IPV6, Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, ICMPV6
from damselfly.policy.rulebook import rule_book

from .hand import packet, policy, rule


@pytest.mark.parametrize(("family", "protocol"), [(IPV4, ICMP), (IPV6, ICMPV6)])
@pytest.mark.parametrize(
    ("icmp_type", "code", "widths"), [(40, 0, (16, 0)), (8, 40, (0, 16)), (40, 40, (16, 0))]
)
def test_a_value_far_from_all_that_rules_name_is_matched_whole(
    family: Family, protocol: int, icmp_type: int, code: int, widths: tuple[int, int]
) -> None:
    """Open vSwitch takes no mask on the type or code of an untracked message."""
    snapshot, me = policy(rule(family, protocol, 8, 0))
    book = rule_book(snapshot, me.security_groups, Direction.INGRESS, family)
    region = book.judge(packet(family, protocol, code, icmp_type)).region
    assert (region.tp_src.length, region.tp_dst.length) == widths
