"""From entries to the model's objects: defaults filled in, references resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from damselfly.model.address import Prefix, parse_address
from damselfly.model.group import AddressGroup, SecurityGroup, in_order
from damselfly.model.network import Network, Subnet
from damselfly.model.port import AddressPair, Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.codec import Stored, key_of
from damselfly.northbound.codec.records import Strict

from .names import Directory
from .rules import rule_of
from .text import Draft, Item, Path, Problem
from .text.entries import AddressGroupEntry, NetworkEntry, PortEntry


@dataclass(slots=True)
class Wanted:
    """The objects that a manifest asks for, by store key, each with the place that asks."""

    things: dict[str, Stored] = field(default_factory=dict)
    places: dict[str, tuple[Item[Strict], Path]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    """What was understood otherwise than it was written."""

    def add(self, thing: Stored, item: Item[Strict], steps: Path = ()) -> None:
        """Take an object in, unless its id is taken."""
        key = key_of(thing)
        if key in self.places:
            first, where = self.places[key]
            other = first.problem("", *where)
            message = f"{thing.id!r} is there already, in {other.file}:{other.line}; ids are unique"
            self.problems.append(item.problem(message, *steps))
        else:
            self.things[key] = thing
            self.places[key] = (item, steps)

    def blame(self, key: str, message: str, *steps: str | int) -> None:
        """Note a problem of an object at the place that asks for it."""
        item, where = self.places[key]
        self.problems.append(item.problem(message, *where, *steps))


def build(draft: Draft, base: Snapshot, numbers: Mapping[str, int]) -> Wanted:
    """Make the objects; ``base`` is what else may be referred to, ``numbers`` the segments."""
    directory = Directory(draft, base)
    wanted = Wanted(problems=[*draft.problems, *directory.problems(draft)])
    for network in draft.networks:
        _add_network(wanted, network, numbers[network.entry.key])
    for listed in draft.address_groups:
        _add_address_group(wanted, listed)
    for group in draft.groups:
        header = SecurityGroup(group.entry.key, group.entry.name, stateful=group.entry.stateful)
        wanted.add(header, group)
    for group_id, item in draft.rules:
        rule, problems = rule_of(group_id, item, directory)
        wanted.problems += problems
        wanted.notes += _host_bits(item, item.entry.remote_ip_prefix, "remote_ip_prefix")
        if rule is not None:
            wanted.add(rule, item)
    for port in draft.ports:
        _add_port(wanted, port, directory)
    return wanted


def _add_network(wanted: Wanted, item: Item[NetworkEntry], number: int) -> None:
    entry = item.entry
    wanted.add(Network(entry.key, entry.name, number), item)
    for index, one in enumerate(entry.subnets):
        steps = ("subnets", index)
        wanted.notes += _host_bits(item, one.cidr, *steps, "cidr")
        subnet_id = one.id or one.name or f"{entry.key}:{one.cidr}"
        subnet = Subnet(subnet_id, entry.key, one.cidr, one.gateway_ip, one.dhcp_ip)
        wanted.add(subnet, item, steps)


def _add_address_group(wanted: Wanted, item: Item[AddressGroupEntry]) -> None:
    entry = item.entry
    for index, prefix in enumerate(entry.addresses):
        wanted.notes += _host_bits(item, prefix, "addresses", index)
    wanted.add(AddressGroup(entry.key, entry.name, in_order(entry.addresses)), item)


def _add_port(wanted: Wanted, item: Item[PortEntry], directory: Directory) -> None:
    entry = item.entry
    network_id = directory.networks.find(entry.network_id)
    groups = [directory.groups.find(text) for text in entry.security_groups]
    for index, pair in enumerate(entry.allowed_address_pairs):
        steps = ("allowed_address_pairs", index, "ip_address")
        wanted.notes += _host_bits(item, pair.ip_address, *steps)
    if network_id is None:
        return
    port = Port(
        id=entry.key,
        network_id=network_id,
        mac=entry.mac_address,
        name=entry.name,
        fixed_ips=tuple(entry.fixed_ips),
        allowed_address_pairs=tuple(
            AddressPair(pair.ip_address, pair.mac_address) for pair in entry.allowed_address_pairs
        ),
        security_groups=tuple(sorted({name for name in groups if name is not None})),
        port_security_enabled=entry.port_security_enabled,
        host=entry.host,
        device_owner=entry.device_owner,
    )
    wanted.add(port, item)


def _host_bits(item: Item[Strict], prefix: Prefix | None, *steps: str | int) -> Iterator[Problem]:
    """Say so where a prefix was written with host bits: they are cleared, as Neutron does."""
    if prefix is not None:
        text = str(item.written(*steps))
        if parse_address(text.partition("/")[0])[1] != prefix.value:
            yield item.problem(f"{text} has host bits set and is taken as {prefix}", *steps)
