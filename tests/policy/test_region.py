"""Regions by themselves: what they hold, what they meet, how they are spelled."""

from __future__ import annotations

from typing import Any

import pytest

from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, SCTP, TCP, UDP
from damselfly.model.intervals import Block
from damselfly.policy.region import Region

from .hand import packet

ANY, WEB = Block(0, 0, 16), Block(80, 16, 16)
NEAR = Prefix.parse("192.0.2.0/24")
REMOTE, ELSEWHERE = Block(NEAR.value, 24, 32), Block(NEAR.value ^ 1 << 31, 24, 32)
REGION = Region(IPV4, TCP, Block(1024, 6, 16), WEB, REMOTE)
EVERYTHING = Region(IPV4, None, ANY, ANY, Block(0, 0, 32))
INSIDE = packet(IPV4, TCP, dst=80, src=1500, remote="192.0.2.9")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"protocol": UDP}, False),
        ({"tp_src": 2048}, False),
        ({"tp_dst": 81}, False),
        ({"source": NEAR.value - 1}, False),
        ({"destination": NEAR.value - 1}, True),
        ({"family": IPV6}, False),
    ],
)
def test_holds_what_lies_in_every_field(changed: dict[str, Any], expected: bool) -> None:
    assert REGION.holds(INSIDE._replace(**changed), Direction.INGRESS) is expected
    assert EVERYTHING.holds(INSIDE._replace(**changed), Direction.INGRESS) is (
        "family" not in changed
    )


def test_the_far_end_is_the_destination_of_what_leaves() -> None:
    turned = INSIDE._replace(source=INSIDE.destination, destination=INSIDE.source)
    assert not REGION.holds(turned, Direction.INGRESS)
    assert REGION.holds(turned, Direction.EGRESS)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"protocol": None}, True),
        ({"protocol": UDP}, False),
        ({"tp_src": ANY}, True),
        ({"tp_src": Block(2048, 6, 16)}, False),
        ({"tp_dst": Block(81, 16, 16)}, False),
        ({"remote": Block.around(NEAR.value, 30, 32)}, True),
        ({"remote": ELSEWHERE}, False),
        ({"family": IPV6}, False),
    ],
)
def test_meets_what_shares_a_packet(changed: dict[str, Any], expected: bool) -> None:
    other = REGION._replace(**changed)
    assert REGION.meets(other) is expected
    assert other.meets(REGION) is expected


@pytest.mark.parametrize(
    ("region", "text"),
    [
        (EVERYTHING, "IPv4"),
        (REGION, "IPv4, tcp, source port 1024-2047, port 80, remote 192.0.2.0/24"),
        (Region(IPV4, ICMP, Block(8, 16, 16), Block(0, 16, 16), REMOTE),
         "IPv4, icmp, type 8, code 0, remote 192.0.2.0/24"),
        (Region(IPV4, SCTP, ANY, Block(80, 15, 16), Block(1, 32, 32)),
         "IPv4, sctp, port 80-81, remote 0.0.0.1"),
        (Region(IPV4, 200, ANY, ANY, Block(0, 0, 32)), "IPv4, protocol 200"),
    ],
)  # fmt: skip
def test_is_spelled_with_the_fields_that_are_not_free(region: Region, text: str) -> None:
    assert str(region) == text
