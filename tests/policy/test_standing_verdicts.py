"""Which verdicts of earlier rules still stand: also those read back from a switch after a restart.

A switch names the rule of a verdict by its id only, so the region may be that of an older wording.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, Rule
from damselfly.model.intervals import Block
from damselfly.model.port import Port
from damselfly.policy.region import Region, Verdict
from damselfly.policy.rulebook import RuleBook, rule_book

from .hand import packet, policy, rule

ANY, ANY_REMOTE = Block(0, 0, 16), Block(0, 0, 32)
NEAR = Prefix.parse("192.0.2.0/24")
REMOTE = Block(NEAR.value, NEAR.length, 32)
PING = rule(IPV4, ICMP, 8, 0, remote_ip_prefix=NEAR)
REGION = Region(IPV4, ICMP, Block(8, 16, 16), Block(0, 16, 16), REMOTE)


def book(*rules: Rule, members: tuple[str, ...] = ()) -> RuleBook:
    ports = tuple(
        Port(f"m{n}", "net", 9, fixed_ips=(Prefix.parse(each),), security_groups=("g",))
        for n, each in enumerate(members)
    )
    snapshot, me = policy(*rules, others=ports)
    return rule_book(snapshot, me.security_groups, Direction.INGRESS, IPV4)


def test_an_allowance_within_its_rule_stands() -> None:
    assert book(PING).holds(Verdict(REGION, PING))
    assert book(PING).holds(Verdict(REGION._replace(remote=Block.around(NEAR.value, 30, 32)), PING))


@pytest.mark.parametrize(
    "wider",
    [
        REGION._replace(protocol=None),
        REGION._replace(protocol=TCP),
        REGION._replace(tp_src=ANY),
        REGION._replace(tp_src=Block(0, 16, 16)),
        REGION._replace(tp_dst=ANY),
        REGION._replace(remote=REMOTE.widened()),
        REGION._replace(remote=ANY_REMOTE),
    ],
)
def test_an_allowance_beyond_its_rule_goes(wider: Region) -> None:
    assert not book(PING).holds(Verdict(wider, PING))


def test_an_allowance_goes_with_its_rule_and_with_its_wording() -> None:
    given = Verdict(REGION, PING)
    assert not book().holds(given)
    assert not book(replace(PING, id="other")).holds(given)
    assert not book(replace(PING, port_range_max=None)).holds(given)


def test_an_allowance_goes_with_the_member_that_it_was_for() -> None:
    own = rule(IPV4, TCP, 80, 80, remote_group_id="g")
    given = book(own, members=("192.0.2.7", "192.0.2.9")).judge(packet(dst=80))
    assert given.allowed
    assert book(own, members=("192.0.2.7",)).holds(given)
    assert not book(own, members=("192.0.2.9",)).holds(given)


def test_a_denial_stands_until_a_rule_meets_it() -> None:
    far = Verdict(Region(IPV4, None, ANY, ANY, REMOTE), None)
    assert book().holds(far)
    assert book(rule(IPV4, TCP, 80, 80, remote_ip_prefix=Prefix.parse("10.0.0.0/8"))).holds(far)
    assert not book(rule(IPV4, TCP, 80, 80)).holds(far)
    assert not book(rule(IPV4)).holds(far)


@pytest.mark.parametrize(
    ("meeting", "stands"),
    [
        (rule(IPV4, ICMP, 8, 0), False),
        (rule(IPV4, ICMP), False),
        (rule(IPV4), False),
        (rule(IPV4, ICMP, 0, 0), True),
        (rule(IPV4, ICMP, 8, 1), True),
        (rule(IPV4, TCP), True),
        (rule(IPV4, ICMP, remote_ip_prefix=Prefix.parse("192.0.3.0/24")), True),
    ],
)
def test_a_denial_of_one_type_stands_beside_other_rules(meeting: Rule, stands: bool) -> None:
    assert book(meeting).holds(Verdict(REGION, None)) is stands
