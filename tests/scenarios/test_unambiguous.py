"""Where two flows of a table could both hold a packet, which one wins is said, not left to chance.

Open vSwitch takes any of those with the highest priority (ovs-ofctl(8), "Flow Syntax").
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations

from damselfly.flow.flow import Flow
from damselfly.flow.match import Match
from damselfly.model.address import FAMILIES, IPV4, IPV6, Prefix
from damselfly.model.group import SecurityGroup
from damselfly.model.network import Subnet
from damselfly.model.port import AddressPair
from damselfly.southbound.fake.table import registers_of
from tests.scenarios.rig import Rig, done
from tests.scenarios.vms import egress, group, host, ingress, ip, mac, vm

SHARED = (AddressPair(Prefix(IPV4, ip(9), 32), mac(9)),)


def test_no_two_flows_of_one_priority_say_different_things_of_a_packet() -> None:
    """Of ports of all kinds: tracked, stateless, unsecured, routers and servers, sharing a MAC."""
    names = ("web", "loose", None)
    ports = [
        replace(
            vm(number, *([name] if name else []), port_security_enabled=name is not None),
            allowed_address_pairs=SHARED if number % 2 else (),
        )
        for number, name in enumerate(names * 2, 1)
    ]
    rig = host(_open("web"), replace(_open("loose"), stateful=False), *ports, *_subnets())
    assert _ambiguous(rig) == []


def _open(name: str) -> SecurityGroup:
    kinds = [(way, family) for way in (ingress, egress) for family in FAMILIES]
    any_type = [way(name, family.icmp, family=family) for way, family in kinds]
    one_type = [way(name, family.icmp, 5, family=family) for way, family in kinds]
    return group(name, *(way(name, family=family) for way, family in kinds), *any_type, *one_type)


def _subnets() -> list[Subnet]:
    return [
        Subnet(
            f"subnet{family.version}", "net", Prefix(family, ip(0, family), family.bits - 8),
            gateway_ip=Prefix(family, ip(1, family), family.bits),
            dhcp_ip=Prefix(family, ip(2, family), family.bits),
        )
        for family in (IPV4, IPV6)
    ]  # fmt: skip


def _ambiguous(rig: Rig) -> list[tuple[Flow, Flow]]:
    peers: dict[tuple[int, int], list[Flow]] = defaultdict(list)
    for each in done(rig.switch.flows()):
        peers[each.flow.table, each.flow.priority].append(each.flow)
    return [
        (one, other)
        for flows in peers.values()
        for one, other in combinations(flows, 2)
        if one.actions != other.actions and _meet(_bits(one.match), _bits(other.match))
    ]


def _bits(wanted: Match) -> dict[str, tuple[int, int]]:
    spelt: dict[str, tuple[int, int]] = {}
    for term in wanted:
        whole = term.field.startswith("xxreg")
        for name, value, mask in registers_of(*term) if whole else (term,):
            spelt[name] = value, mask
    return spelt


def _meet(one: dict[str, tuple[int, int]], other: dict[str, tuple[int, int]]) -> bool:
    """Tell whether some packet matches both."""
    return all(
        (one[name][0] ^ other[name][0]) & one[name][1] & other[name][1] == 0
        for name in one.keys() & other.keys()
    )
