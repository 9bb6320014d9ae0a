"""Straight into the store: whatever stands there opens no port, and the agent lives on."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from damselfly.model.direction import Direction
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.port import Port
from damselfly.northbound import keys
from damselfly.northbound.codec import write
from damselfly.northbound.store import Change
from damselfly.policy.lint import idle_rules
from tests.agent.site import HTTP, Site, port, reached, syn, two_ports

GOOD: dict[str, Any] = {
    "v": 1, "id": "r", "security_group_id": "odd", "direction": "ingress", "ethertype": "IPv4",
    "protocol": None, "port_range_min": None, "port_range_max": None, "remote_ip_prefix": None,
    "remote_group_id": None, "remote_address_group_id": None,
}  # fmt: skip
RULES: dict[str, dict[str, Any]] = {
    "an unknown group": {"remote_group_id": "who"},
    "an empty group": {"remote_group_id": "empty"},
    "an unknown address group": {"remote_address_group_id": "who"},
    "two remotes": {"remote_group_id": "odd", "remote_ip_prefix": "0.0.0.0/0"},
    "ports of a protocol that has none": {
        "protocol": 47, "port_range_min": 80, "port_range_max": 80
    },
    "ports of no protocol": {"port_range_min": 80, "port_range_max": 80},
    "ports that the switch does not see": {
        "protocol": 33, "port_range_min": 80, "port_range_max": 80
    },
    "a range upside down": {"protocol": 6, "port_range_min": 90, "port_range_max": 70},
    "half a range": {"protocol": 6, "port_range_min": 80},
    "a code without a type": {"protocol": 1, "port_range_max": 0},
    "a port that is none": {"protocol": 6, "port_range_min": 0, "port_range_max": 70_000},
    "a protocol that is none": {"protocol": 300},
    "a protocol of the other family": {"protocol": 58},
    "a prefix of the other family": {"remote_ip_prefix": "::/0"},
    "no prefix": {"remote_ip_prefix": "everybody"},
    "a direction that is none": {"direction": "both"},
    "a family that is none": {"ethertype": "IPv5"},
    "a field that nobody knows": {"remote_port": 80},
    "a field of another kind": {"protocol": {"tcp": True}},
    "another version": {"v": 2},
    "another group's name": {"security_group_id": "web"},
}  # fmt: skip
BYTES = [b"", b"{", b"[]", b"null", b'"any"', b"\xff\xfe", b"[" * 5000, b'{"v":1}', b"1e999"]
ODD = SecurityGroup("odd", "odd")
THREE = replace(port(3), security_groups=("odd",))


async def standing(site: Site) -> None:
    """Have two good ports, and a third whose group is odd."""
    await two_ports(site)
    site.ovsdb.plug("p3", 3)
    await site.until(await site.put(ODD, SecurityGroup("empty", "empty"), THREE))


async def unmoved(site: Site, *changes: Change) -> None:
    """Write objects; nothing passes to the third port, all else goes on, and so does the agent."""
    await site.until(await site.store.commit(changes))
    assert await reached(site, syn(1, 3)) == []
    assert await reached(site, syn(1, 2)) == [2]
    good = replace(HTTP, id="good", security_group_id="odd")
    await site.until(await site.put(ODD, good, THREE))
    assert await reached(site, syn(1, 3)) == [3]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_makes_no_sense_admits_nothing_and_is_named(name: str) -> None:
    async def story() -> None:
        site = Site()
        async with site.running():
            await standing(site)
            key = keys.rule("odd", "r")
            await site.until(await site.store.commit([written(key, GOOD | RULES[name])]))
            idle = [
                rule.id for rule, _ in idle_rules(site.reconciler.enforcement.state.view.snapshot)
            ]
            assert key in site.inbox.problems or "r" in idle
            await unmoved(site)

    asyncio.run(story())


def test_the_same_rule_without_the_mistake_admits() -> None:
    async def story() -> None:
        site = Site()
        async with site.running():
            await standing(site)
            await site.until(await site.store.commit([written(keys.rule("odd", "r"), GOOD)]))
            assert await reached(site, syn(1, 3)) == [3]

    asyncio.run(story())


def test_a_prefix_with_host_bits_means_its_network() -> None:
    async def story() -> None:
        site = Site()
        async with site.running():
            await standing(site)
            near = GOOD | {"remote_ip_prefix": "10.0.0.77/24"}
            await site.until(await site.store.commit([written(keys.rule("odd", "r"), near)]))
            assert await reached(site, syn(1, 3)) == [3]

    asyncio.run(story())


@pytest.mark.parametrize("data", BYTES)
@pytest.mark.parametrize(
    "key", [keys.rule("odd", "r"), keys.group("odd"), keys.port("p3"), keys.network("net2"), "/x/y"]
)
def test_bytes_that_are_no_object_open_nothing(key: str, data: bytes) -> None:
    async def story() -> None:
        site = Site()
        async with site.running():
            await standing(site)
            await unmoved(site, Change(key, data))

    asyncio.run(story())


def test_groups_of_two_kinds_close_their_port_and_no_other() -> None:
    async def story() -> None:
        site = Site()
        async with site.running():
            await standing(site)
            loose = SecurityGroup("loose", "loose", stateful=False)
            let = Rule("let", "loose", Direction.INGRESS, HTTP.family)
            both = replace(THREE, security_groups=("loose", "odd"))
            await unmoved(site, *(write(thing) for thing in (loose, let, both)))

    asyncio.run(story())


def test_groups_that_name_each_other_in_a_circle_admit_their_members_only() -> None:
    async def story() -> None:
        site = Site()
        names = [f"ring{n}" for n in range(20)]
        groups = [SecurityGroup(name, name) for name in names]
        rules = [
            Rule(name, name, Direction.INGRESS, HTTP.family, remote_group_id=names[n - 1])
            for n, name in enumerate(names)
        ]
        async with site.running():
            await standing(site)
            in_ring = replace(THREE, security_groups=("ring0",))
            await site.until(await site.put(*groups, *rules, in_ring))
            assert await reached(site, syn(1, 3)) == []
            await site.until(await site.put(replace(port(1), security_groups=("ring19", "web"))))
            assert await reached(site, syn(1, 3)) == [3]

    asyncio.run(story())


def test_a_group_of_ten_thousand_members_admits_each_and_nobody_else() -> None:
    async def story() -> None:
        site = Site()
        crowd = [member(number) for number in range(10_000)]
        near = replace(
            HTTP, id="near", security_group_id="odd", remote_group_id="odd",
            protocol=None, port_range_min=None, port_range_max=None,
        )  # fmt: skip
        async with site.running():
            await standing(site)
            await site.until(await site.put(near, *crowd))
            assert await reached(site, syn(1, 3)) == []
            await site.until(await site.put(replace(port(1), security_groups=("odd", "web"))))
            assert await reached(site, syn(1, 3)) == [3]

    asyncio.run(story())


def member(number: int) -> Port:
    """A port of another host, at an address of its own, none beside another."""
    address = port(1).fixed_ips[0]._replace(value=0x0B00_0000 + 2 * number)
    return replace(
        port(1), id=f"m{number}", mac=0x0600_0000_0000 + number, fixed_ips=(address,),
        security_groups=("odd",), host="elsewhere",
    )  # fmt: skip


def written(key: str, fields: dict[str, Any]) -> Change:
    return Change(key, json.dumps(fields).encode())
