"""What the ports of a host need of the policy.

For each port that is here: its network with subnets and all its ports, for frames between them; its
groups with their rules; and of what these rules name, the ports of remote groups and the address
groups.  Of all ports that are held, the headers of their networks and groups, so that no reference
leads nowhere; rules are held of groups only that ports here wear.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys

_Ids = frozenset[str]
_NONE: _Ids = frozenset()


class Index:
    """The index entries that are held: what belongs together, by ids."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], set[str]] = {}
        self._owners: dict[str, str] = {}

    def take(self, key: str, value: bytes | None) -> None:
        """Note an entry that was written or deleted; other keys are passed over."""
        kind, ids = keys.parse(key)
        if kind in (keys.MEMBER, keys.NETWORK_PORT, keys.NETWORK_SUBNET) and len(ids) == 2:
            listed = self._lists.setdefault((kind, ids[0]), set())
            if value is None:
                listed.discard(ids[1])
            else:
                listed.add(ids[1])
        elif kind == keys.SEGMENT and len(ids) == 1:
            self._owners[ids[0]] = "" if value is None else _owner(value)

    def of(self, kind: str, owner: str) -> Iterable[str]:
        """Return the ids that an owner's entries of a kind name."""
        return self._lists.get((kind, owner), ())

    def owner(self, segment: str) -> str | None:
        """Return the network that a segmentation id is noted for."""
        return self._owners.get(segment) or None


@dataclass(frozen=True, slots=True)
class Interest:
    """Ids by what is wanted of them."""

    ports: _Ids = _NONE
    networks: _Ids = _NONE
    headers: _Ids = _NONE
    """Groups without their rules."""
    rules: _Ids = _NONE
    """Groups whose rules are wanted."""
    members: _Ids = _NONE
    """Groups whose ports are wanted."""
    lists: _Ids = _NONE
    """Networks whose ports and subnets are wanted."""
    subnets: _Ids = _NONE
    address_groups: _Ids = _NONE
    segments: _Ids = _NONE
    _kinds: dict[str, tuple[_Ids, int]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Say which ids decide about keys of a kind, and how many a key of it has."""
        self._kinds.update({
            keys.PORT: (self.ports, 1), keys.NETWORK: (self.networks, 1),
            keys.GROUP: (self.headers, 1), keys.SUBNET: (self.subnets, 1),
            keys.ADDRESS_GROUP: (self.address_groups, 1), keys.SEGMENT: (self.segments, 1),
            keys.RULE: (self.rules, 2), keys.MEMBER: (self.members, 2),
            keys.NETWORK_PORT: (self.lists, 2), keys.NETWORK_SUBNET: (self.lists, 2),
        })  # fmt: skip

    def wants(self, key: str) -> bool:
        """Tell whether a key is wanted."""
        kind, ids = keys.parse(key)
        chosen = self._kinds.get(kind)
        if chosen is None:
            return False
        return bool(ids) and len(ids) == chosen[1] and ids[0] in chosen[0]

    def joined(self, other: Interest) -> Interest:
        """Return what either wants."""
        return Interest(*(getattr(self, ids) | getattr(other, ids) for ids, _ in _PREFIXES))

    def beyond(self, other: Interest) -> list[str]:
        """Return prefixes of what this wants and the other does not; little else lies there."""
        return sorted(
            prefix(name)
            for ids, prefixes in _PREFIXES
            for name in getattr(self, ids) - getattr(other, ids)
            for prefix in prefixes
        )


_PREFIXES: tuple[tuple[str, tuple[Callable[[str], str], ...]], ...] = (
    ("ports", (keys.port,)),
    ("networks", (keys.network,)),
    ("headers", (keys.group,)),
    ("rules", (keys.rules_of,)),
    ("members", (keys.members_of,)),
    ("lists", (keys.network_ports_of, keys.network_subnets_of)),
    ("subnets", (keys.subnet,)),
    ("address_groups", (keys.address_group,)),
    ("segments", (lambda number: keys.segment(int(number)),)),
)


def wanted(here: Iterable[str], known: Iterable[str], view: Snapshot, index: Index) -> Interest:
    """Return what is wanted, as far as what is held tells; with that held it may be more.

    ``here``: ids of the ports that are plugged in.  ``known``: of those that were and may come
    back: of them no more than that they are there.
    """
    plugged = frozenset(here)
    local = [view.ports[port_id] for port_id in plugged if port_id in view.ports]
    lists = {port.network_id for port in local}
    worn = {group_id for port in local for group_id in port.security_groups}
    rules = [rule for one in worn if one in view.groups for rule in view.groups[one].rules]
    members = {rule.remote_group_id for rule in rules if rule.remote_group_id is not None}
    ports = plugged.union(known)
    ports = ports.union(*(index.of(keys.NETWORK_PORT, network_id) for network_id in lists))
    ports = ports.union(*(index.of(keys.MEMBER, group_id) for group_id in members))
    held = [view.ports[port_id] for port_id in ports if port_id in view.ports]
    segments = {
        str(view.networks[one].segmentation_id)
        for one in lists
        if one in view.networks and view.networks[one].segmentation_id
    }
    rivals = [index.owner(number) for number in segments]
    return Interest(
        ports=ports,
        networks=frozenset(lists)
        .union(port.network_id for port in held)
        .union(filter(None, rivals)),
        headers=frozenset(members.union(*(port.security_groups for port in held))),
        rules=frozenset(worn),
        members=frozenset(members),
        lists=frozenset(lists),
        subnets=_NONE.union(*(index.of(keys.NETWORK_SUBNET, one) for one in lists)),
        address_groups=frozenset(
            rule.remote_address_group_id
            for rule in rules
            if rule.remote_address_group_id is not None
        ),
        segments=frozenset(segments),
    )


def _owner(value: bytes) -> str:
    try:
        return str(json.loads(value)["network_id"])
    except (ValueError, KeyError, TypeError):
        return ""
