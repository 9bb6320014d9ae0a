"""What single entries cannot show: addresses that collide, and things that do not fit together.

Each check blames entries of the manifest only, against all objects there will be afterwards.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

from damselfly.model.address import Prefix, mac_text
from damselfly.model.group import Rule
from damselfly.model.network import Subnet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys

from .wanted import Wanted

C = TypeVar("C", bound=Hashable)


def check(wanted: Wanted, after: Snapshot) -> None:
    """Add to ``wanted.problems`` whatever makes the objects impossible together."""
    for thing in list(wanted.things.values()):
        if isinstance(thing, Subnet):
            _check_subnet(wanted, thing, after)
        elif isinstance(thing, Port):
            _check_addresses(wanted, thing, after)
            _check_groups(wanted, thing, after)
    _check_numbers(wanted, after)
    _check_rule_ids(wanted, after)
    _check_twins(wanted, after)


def _check_subnet(wanted: Wanted, subnet: Subnet, after: Snapshot) -> None:
    key = keys.subnet(subnet.id)
    for field in ("gateway_ip", "dhcp_ip"):
        address: Prefix | None = getattr(subnet, field)
        if address is not None and not _within(address, subnet.cidr):
            wanted.blame(key, f"{address} is outside {subnet.cidr}; accepted: one inside", field)
    for other_id in sorted(after.subnets_on.get(subnet.network_id, ())):
        other = after.subnets[other_id]
        is_first = other_id > subnet.id and keys.subnet(other_id) in wanted.places
        if other_id != subnet.id and not is_first and _overlap(subnet.cidr, other.cidr):
            message = f"{subnet.cidr} overlaps {other.cidr} of subnet {other_id} on this network"
            wanted.blame(key, message, "cidr")


def _check_addresses(wanted: Wanted, port: Port, after: Snapshot) -> None:
    if port.network_id not in after.networks:
        return
    subnets = [after.subnets[name].cidr for name in after.subnets_on.get(port.network_id, ())]
    listed = ", ".join(sorted(map(str, subnets))) or "nothing, for it has no subnet"
    for index, address in enumerate(port.fixed_ips):
        if not any(_within(address, cidr) for cidr in subnets):
            message = f"{address} is in no subnet of network {port.network_id}; accepted: {listed}"
            wanted.blame(keys.port(port.id), message, "fixed_ips", index)


def _check_groups(wanted: Wanted, port: Port, after: Snapshot) -> None:
    key = keys.port(port.id)
    if not port.port_security_enabled:
        for field in ("security_groups", "allowed_address_pairs"):
            if getattr(port, field):
                message = "means nothing with port_security_enabled: false; accepted: one of them"
                wanted.blame(key, message, field)
        return
    groups = [after.groups[name] for name in port.security_groups if name in after.groups]
    kinds: dict[bool, str] = {}
    for group in groups:
        kinds.setdefault(group.stateful, group.id)
    if len(kinds) > 1:
        message = (
            f"{kinds[True]} is stateful and {kinds[False]} is not; accepted: groups of one kind"
        )
        wanted.blame(key, message, "security_groups")


def _check_numbers(wanted: Wanted, after: Snapshot) -> None:
    numbers = [
        ((n.segmentation_id,), keys.network(n.id))
        for n in after.networks.values()
        if n.segmentation_id
    ]
    for key, other, (number,) in _collisions(wanted, numbers):
        message = f"{number} belongs to network {other} already; accepted: a number of its own"
        wanted.blame(key, message, "segmentation_id")


def _check_rule_ids(wanted: Wanted, after: Snapshot) -> None:
    """Keep rule ids apart across groups: connections remember a rule by its id."""
    rules = [
        *(rule for group in after.groups.values() for rule in group.rules),
        *(thing for thing in wanted.things.values() if isinstance(thing, Rule)),
    ]
    claims = [((rule.id,), keys.rule(rule.security_group_id, rule.id)) for rule in rules]
    for key, other, (rule_id,) in _collisions(wanted, claims):
        message = f"{rule_id!r} is a rule of group {other} already; ids are unique"
        wanted.blame(key, message, "id")


def _check_twins(wanted: Wanted, after: Snapshot) -> None:
    """Let no two ports of one network share a MAC or an address."""
    macs = [((p.network_id, p.mac), keys.port(p.id)) for p in after.ports.values()]
    for key, other, (network_id, mac) in _collisions(wanted, macs):
        message = f"{mac_text(mac)} belongs to port {other} of network {network_id} already"
        wanted.blame(key, message, "mac_address")
    addresses = [
        ((port.network_id, address), keys.port(port.id))
        for port in after.ports.values()
        for address in dict.fromkeys(port.fixed_ips)
    ]
    for key, other, (network_id, address) in _collisions(wanted, addresses):
        message = f"{address} belongs to port {other} of network {network_id} already"
        port = after.ports[keys.parse(key).ids[0]]
        wanted.blame(key, message, "fixed_ips", port.fixed_ips.index(address))


def _collisions(wanted: Wanted, claims: Sequence[tuple[C, str]]) -> Iterator[tuple[str, str, C]]:
    """Yield (key, id of the other, claim) for each wanted object whose claim another one has."""
    # Objects that are not in the manifest were there first; within it, the id decides.
    ordered = sorted(claims, key=lambda claim: (claim[1] in wanted.places, claim[1]))
    owners: dict[C, str] = {}
    for claim, key in ordered:
        owner = owners.setdefault(claim, key)
        if owner != key and key in wanted.places:
            yield key, keys.parse(owner).ids[0], claim


def _within(address: Prefix, cidr: Prefix) -> bool:
    return address.family is cidr.family and address.value in cidr


def _overlap(one: Prefix, other: Prefix) -> bool:
    return _within(one, other) or _within(other, one)
