"""How many verdicts a scan takes: the figures that the reactive table is built for."""

from __future__ import annotations

import random
from collections.abc import Iterable

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing, snapshot_of
from damselfly.policy.region import Verdict
from damselfly.policy.rulebook import RuleBook, rule_book

OUTSIDER, HERE = 0xC633_6407, 0x0A00_0001


def book(*things: Thing) -> RuleBook:
    return rule_book(snapshot_of(things), ("g",), Direction.INGRESS, IPV4)


def group(*rules: Rule) -> SecurityGroup:
    return SecurityGroup("g", "g", rules)


def port_rule(port: int) -> Rule:
    return Rule(f"r{port}", "g", Direction.INGRESS, IPV4, TCP, port, port)


def own_group_rule() -> Rule:
    return Rule("own", "g", Direction.INGRESS, IPV4, remote_group_id="g")


def members(addresses: Iterable[int]) -> list[Port]:
    return [
        Port(f"m{n}", "net", n, fixed_ips=(Prefix(IPV4, a, 32),), security_groups=("g",))
        for n, a in enumerate(addresses)
    ]


def verdicts(rules: RuleBook, packets: Iterable[Packet]) -> list[Verdict]:
    """Judge each packet that no verdict covers; a verdict is found by its region's own blocks."""
    found: list[Verdict] = []
    for packet in packets:
        if not any(each.region.holds(packet, Direction.INGRESS) for each in reversed(found)):
            found.append(rules.judge(packet))
    return found


def scan(remote: int = OUTSIDER) -> Iterable[Packet]:
    ports = list(range(65536))
    random.Random(7).shuffle(ports)
    return (Packet(IPV4, TCP, remote, HERE, 40000, port) for port in ports)


def test_a_scan_of_a_port_with_three_open_ones_takes_at_most_64_verdicts() -> None:
    assert len(verdicts(book(group(*map(port_rule, (22, 80, 443)))), scan())) <= 64


def test_a_scan_of_a_port_in_the_default_group_by_an_outsider_takes_at_most_64_verdicts() -> None:
    rules = book(group(own_group_rule()), *members([HERE]))
    assert len(verdicts(rules, scan())) <= 64


def test_a_scan_of_a_port_with_mixed_groups_takes_at_most_64_verdicts() -> None:
    mixed = group(own_group_rule(), port_rule(22), port_rule(443), icmp_rule())
    assert len(verdicts(book(mixed, *members([HERE, HERE + 5])), scan())) <= 64


def icmp_rule() -> Rule:
    return Rule("ping", "g", Direction.INGRESS, IPV4, ICMP, 8)


def test_ten_thousand_outside_sources_against_a_thousand_members_take_a_handful() -> None:
    """The complement of 1,000 neighbours in a row has few blocks; sources hit few of them."""
    rules = book(group(own_group_rule()), *members(range(HERE, HERE + 1000)))
    chance = random.Random(11)
    sources = [a for a in (chance.getrandbits(32) for _ in range(10_000)) if a >> 16 != 0x0A00]
    packets = [Packet(IPV4, TCP, a, HERE, 1000, chance.randrange(65536)) for a in sources]
    found = verdicts(rules, packets)
    assert len(found) <= 32
    assert not any(verdict.allowed for verdict in found)


def test_ten_thousand_members_take_as_many_allows_as_there_are_blocks_of_them() -> None:
    """2**13 addresses in a row are one block; the widest prefix made of members only."""
    rules = book(group(own_group_rule()), *members(range(0x0A00_2000, 0x0A00_4000)))
    packets = (
        Packet(IPV4, TCP, source, HERE, 1, source & 0xFFF)
        for source in range(0x0A00_2000, 0x0A00_4000)
    )
    assert len(verdicts(rules, packets)) == 1
