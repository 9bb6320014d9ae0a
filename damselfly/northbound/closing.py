"""Which ports must stay shut because something they depend on is broken, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from damselfly.model.group import Rule
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import two_kinds

from . import keys


def closed_ports(view: Snapshot, unreadable: Mapping[str, str]) -> dict[str, str]:
    """Return the ports that must stay shut, with the reason; ``unreadable`` is by key."""
    closed = {}
    for network_id, why in _unusable_networks(view).items():
        for port_id in view.ports_on.get(network_id, ()):
            closed[port_id] = f"its network {network_id} {why}"
    closed.update(_mixed(view))
    for key in filter(keys.is_regular, unreadable):
        (kind, ids), why = keys.parse(key), unreadable[key]
        if kind == keys.GROUP:
            for port_id in view.wearers.get(ids[0], ()):
                closed[port_id] = f"its group {ids[0]} cannot be read: {why}"
        elif kind == keys.PORT:
            closed[ids[0]] = f"cannot be read: {why}"
    return closed


def clashes(view: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the keys of networks whose number another one has; the first by id keeps it."""
    owners: dict[int, str] = {}
    for network_id in sorted(view.networks):
        number = view.networks[network_id].segmentation_id
        if not number:
            continue
        owner = owners.setdefault(number, network_id)
        if owner != network_id:
            yield keys.network(network_id), f"has segmentation_id {number}, as {owner} has"


def dangling(view: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the keys of ports and rules that refer to what is not there, with the reference."""
    for network_id, port_ids in view.ports_on.items():
        if network_id not in view.networks:
            for port_id in port_ids:
                yield keys.port(port_id), f"network_id: there is no network {network_id}"
    for group_id, port_ids in view.wearers.items():
        if group_id not in view.groups:
            for port_id in port_ids:
                yield keys.port(port_id), f"security_groups: there is no group {group_id}"
    for listed in view.namers.keys() - view.address_groups.keys():
        for rule in namers_of(view, listed):
            key = keys.rule(rule.security_group_id, rule.id)
            yield key, f"remote_address_group_id: there is no address group {listed}"


def namers_of(view: Snapshot, address_group_id: str) -> Iterator[Rule]:
    """Yield the rules that name an address group, be it there or not."""
    for group_id in sorted(view.namers.get(address_group_id, ())):
        for rule in view.groups[group_id].rules:
            if rule.remote_address_group_id == address_group_id:
                yield rule


def _mixed(view: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield the ports whose groups are of two kinds, with the reason."""
    for group in view.groups.values():
        for port_id in () if group.stateful else view.wearers.get(group.id, ()):
            port = view.ports[port_id]
            why = two_kinds(view, port) if len(port.security_groups) > 1 else None
            if why is not None:
                yield port_id, why


def _unusable_networks(view: Snapshot) -> dict[str, str]:
    unusable = {keys.parse(key).ids[0]: why for key, why in clashes(view)}
    for network_id in view.ports_on:
        if network_id not in view.networks:
            unusable[network_id] = "is not in the store, or cannot be read"
    return unusable
