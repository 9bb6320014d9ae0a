"""Which field a denial is narrowed in: the one whose complement takes the fewest blocks.

The complement of one port takes 16 blocks, that of a /n takes n, that of one protocol or type
counts as 8.
"""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP, TCP, UDP, Rule
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.policy.region import Region
from damselfly.policy.rulebook import rule_book

from .hand import packet, policy, rule

FAR = "10.0.0.1"


def denied(asked: Packet, *rules: Rule) -> Region:
    snapshot, me = policy(*rules)
    verdict = rule_book(snapshot, me.security_groups, Direction.INGRESS, IPV4).judge(asked)
    assert not verdict.allowed
    return verdict.region


def narrowed(region: Region) -> set[str]:
    """Return the fields that the region is narrowed in."""
    names = {"type or source": region.tp_src, "port": region.tp_dst, "remote": region.remote}
    found = {name for name, block in names.items() if not block.is_everything}
    return found if region.protocol is None or found else {"protocol"}


def prefix(length: int) -> Prefix:
    return Prefix.parse(f"192.0.0.0/{length}")


@pytest.mark.parametrize(
    ("length", "expected"),
    [(4, "remote"), (12, "remote"), (15, "remote"), (16, "port"), (24, "port")],
)
def test_the_remote_before_the_port_where_it_takes_fewer_blocks(length: int, expected: str) -> None:
    web = rule(IPV4, TCP, 80, 80, remote_ip_prefix=prefix(length))
    assert narrowed(denied(packet(dst=81, remote=FAR), web)) == {expected}


@pytest.mark.parametrize(
    ("length", "expected"), [(4, "remote"), (7, "remote"), (8, "protocol"), (24, "protocol")]
)
def test_the_remote_before_the_protocol_where_it_takes_fewer_blocks(
    length: int, expected: str
) -> None:
    web = rule(IPV4, TCP, remote_ip_prefix=prefix(length))
    assert narrowed(denied(packet(protocol=UDP, remote=FAR), web)) == {expected}


@pytest.mark.parametrize(
    ("length", "expected"), [(4, "remote"), (7, "remote"), (8, "type or source")]
)
def test_the_remote_before_the_type_where_it_takes_fewer_blocks(length: int, expected: str) -> None:
    ping = rule(IPV4, ICMP, 8, 0, remote_ip_prefix=prefix(length))
    assert narrowed(denied(packet(IPV4, ICMP, 0, 40, remote=FAR), ping)) == {expected}


def test_each_rule_has_a_preference_of_its_own() -> None:
    """The rule with fewer conditions comes first; each is asked for by itself."""
    wide = rule(IPV4, TCP, remote_ip_prefix=prefix(24), id="wide")
    near = rule(IPV4, TCP, 80, 80, remote_ip_prefix=prefix(4), id="near")
    assert narrowed(denied(packet(protocol=TCP, dst=81, remote=FAR), wide, near)) == {"remote"}
    other = rule(IPV4, UDP, id="other")
    ports = rule(IPV4, TCP, 80, 80, remote_ip_prefix=prefix(24), id="ports")
    assert narrowed(denied(packet(dst=81, remote=FAR), other, ports)) == {"port"}
    close = rule(IPV4, TCP, 80, 80, remote_ip_prefix=prefix(12), id="close")
    assert narrowed(denied(packet(dst=81, remote=FAR), other, close)) == {"remote"}


def test_the_second_rule_is_weighed_as_the_first_is() -> None:
    """Both are kept off in the remote, so the region is for every protocol."""
    far = rule(IPV4, remote_ip_prefix=Prefix.parse("200.0.0.0/8"))
    near = rule(IPV4, TCP, remote_ip_prefix=Prefix.parse("0.0.0.0/5"))
    region = denied(packet(protocol=UDP, remote=FAR), far, near)
    assert region.protocol is None
    assert narrowed(region) == {"remote"}


def test_many_scattered_members_count_as_many_blocks() -> None:
    members = tuple(
        Port(
            f"m{n}", "net", n, fixed_ips=(Prefix.parse(f"192.0.2.{2 * n}"),), security_groups=("g",)
        )
        for n in range(100)
    )
    web = rule(IPV4, TCP, 80, 80, remote_group_id="g")
    snapshot, me = policy(web, others=members)
    book = rule_book(snapshot, me.security_groups, Direction.INGRESS, IPV4)
    assert narrowed(book.judge(packet(dst=81, remote=FAR)).region) == {"port"}


def test_rules_that_differ_in_their_ports_only_are_weighed_together() -> None:
    """Every second of 64 ports: their complement takes more blocks than the remote's."""
    combs = [
        rule(IPV4, TCP, port, port, remote_ip_prefix=prefix(24), id=f"{port:05}")
        for port in range(0, 64, 2)
    ]
    assert narrowed(denied(packet(dst=1, remote=FAR), *combs)) == {"remote"}
    assert narrowed(denied(packet(dst=1, remote=FAR), *combs[:4])) == {"port"}


def test_rules_that_differ_in_their_remotes_only_are_weighed_together() -> None:
    remotes = [
        rule(IPV4, TCP, 80, 80, remote_ip_prefix=Prefix.parse(f"{n}.0.0.0/8"), id=f"{n}")
        for n in (100, 120, 150, 200)
    ]
    assert narrowed(denied(packet(dst=81, remote=FAR), *remotes[:1])) == {"remote"}
    assert narrowed(denied(packet(dst=81, remote=FAR), *remotes)) == {"port"}
