"""One consistent, indexed, immutable view of everything that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .address import Family
from .group import SecurityGroup
from .intervals import IntervalSet
from .network import Network, Subnet
from .port import Port

Thing = Network | Subnet | Port | SecurityGroup
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Networks, subnets, ports and groups as of one revision of the store, with their indices.

    Build one with :func:`snapshot_of`, derive the next with :meth:`evolve`.
    """

    revision: int
    networks: Mapping[str, Network]
    subnets: Mapping[str, Subnet]
    ports: Mapping[str, Port]
    groups: Mapping[str, SecurityGroup]
    closed: Mapping[str, str]
    """Ids of ports that must stay closed, with the reason (an object that cannot be read)."""
    wearers: Mapping[str, frozenset[str]]
    """Ids of the ports that wear a group."""
    ports_on: Mapping[str, frozenset[str]]
    """Ids of the ports on a network."""
    subnets_on: Mapping[str, frozenset[str]]
    """Ids of the subnets of a network."""
    _members: dict[tuple[str, Family], IntervalSet] = field(repr=False, compare=False)

    def members(self, group_id: str, family: Family) -> IntervalSet:
        """Return the addresses by which a remote-group rule knows the group's ports.

        Fixed IPs and allowed address pairs of every port that wears the group.  An unknown group
        has no members.
        """
        key = (group_id, family)
        known = self._members.get(key)
        if known is None:
            known = self._members[key] = IntervalSet.of(
                family.bits,
                [
                    (prefix.first, prefix.last)
                    for port_id in self.wearers.get(group_id, _NOBODY)
                    for prefix in self.ports[port_id].prefixes(family)
                ],
            )
        return known

    def evolve(
        self,
        revision: int,
        put: Iterable[Thing] = (),
        drop: Iterable[tuple[type[Thing], str]] = (),
        closed: Mapping[str, str] | None = None,
    ) -> Snapshot:
        """Return the view after some objects were written (``put``) and others deleted."""
        return _Draft(self).changed(revision, put, drop, closed)


def snapshot_of(
    things: Iterable[Thing] = (), revision: int = 0, closed: Mapping[str, str] | None = None
) -> Snapshot:
    """Build a view of the given objects; their order does not matter."""
    return EMPTY.evolve(revision, things, (), closed)


class _Draft:
    """The next view while it is being made; shares with the previous what did not change."""

    def __init__(self, base: Snapshot) -> None:
        self.base = base
        self.tables: dict[type[Thing], dict[str, Thing]] = {}
        self.sources: Mapping[type[Thing], Mapping[str, Thing]] = {
            Network: base.networks,
            Subnet: base.subnets,
            Port: base.ports,
            SecurityGroup: base.groups,
        }
        self.indices = {"wearers": base.wearers, "ports_on": base.ports_on}
        self.subnets_on = base.subnets_on
        self.stale: set[str] = set()

    def changed(
        self,
        revision: int,
        put: Iterable[Thing],
        drop: Iterable[tuple[type[Thing], str]],
        closed: Mapping[str, str] | None,
    ) -> Snapshot:
        moves: list[tuple[Thing | None, Thing | None]] = []
        for kind, name in drop:
            moves.append((self._table(kind).pop(name, None), None))
        for thing in put:
            table = self._table(type(thing))
            moves.append((table.get(thing.id), thing))
            table[thing.id] = thing
        self._index(moves)
        return self._finished(revision, closed)

    def _table(self, kind: type[Thing]) -> dict[str, Thing]:
        if kind not in self.tables:
            self.tables[kind] = dict(self.sources[kind])
        return self.tables[kind]

    def _index(self, moves: list[tuple[Thing | None, Thing | None]]) -> None:
        wearers = _Edges(self.base.wearers)
        ports_on = _Edges(self.base.ports_on)
        subnets_on = _Edges(self.base.subnets_on)
        for old, new in moves:
            for thing, change in ((old, -1), (new, 1)):
                if isinstance(thing, Port):
                    ports_on.change(thing.network_id, thing.id, change)
                    for group_id in thing.security_groups:
                        wearers.change(group_id, thing.id, change)
                elif isinstance(thing, Subnet):
                    subnets_on.change(thing.network_id, thing.id, change)
            if isinstance(old, Port) or isinstance(new, Port):
                self.stale |= _regrouped(old, new)
        self.indices = {"wearers": wearers.result(), "ports_on": ports_on.result()}
        self.subnets_on = subnets_on.result()

    def _finished(self, revision: int, closed: Mapping[str, str] | None) -> Snapshot:
        def table(kind: type[Thing]) -> Mapping[str, Thing]:
            return self.tables.get(kind, self.sources[kind])

        members = {
            key: value for key, value in self.base._members.items() if key[0] not in self.stale
        }
        return Snapshot(
            revision=revision,
            networks=table(Network),  # type: ignore[arg-type]
            subnets=table(Subnet),  # type: ignore[arg-type]
            ports=table(Port),  # type: ignore[arg-type]
            groups=table(SecurityGroup),  # type: ignore[arg-type]
            closed=self.base.closed if closed is None else closed,
            wearers=self.indices["wearers"],
            ports_on=self.indices["ports_on"],
            subnets_on=self.subnets_on,
            _members=members,
        )


class _Edges:
    """An index from a key to the ids under it, copied where it is changed."""

    def __init__(self, base: Mapping[str, frozenset[str]]) -> None:
        self.base = base
        self.open: dict[str, set[str]] = {}

    def change(self, key: str, name: str, change: int) -> None:
        names = self.open.get(key)
        if names is None:
            names = self.open[key] = set(self.base.get(key, _NOBODY))
        if change > 0:
            names.add(name)
        else:
            names.discard(name)

    def result(self) -> Mapping[str, frozenset[str]]:
        if not self.open:
            return self.base
        merged = {**self.base, **{key: frozenset(names) for key, names in self.open.items()}}
        return {key: names for key, names in merged.items() if names}


def _regrouped(old: object, new: object) -> set[str]:
    """Return the groups whose members may differ after a port changed from old to new."""
    before = set(old.security_groups) if isinstance(old, Port) else set()
    after = set(new.security_groups) if isinstance(new, Port) else set()
    if isinstance(old, Port) and isinstance(new, Port) and set(old.sources()) == set(new.sources()):
        return before ^ after
    return before | after


_NOTHING: Mapping[str, frozenset[str]] = MappingProxyType({})
EMPTY = Snapshot(
    revision=0,
    networks=MappingProxyType({}),
    subnets=MappingProxyType({}),
    ports=MappingProxyType({}),
    groups=MappingProxyType({}),
    closed=MappingProxyType({}),
    wearers=_NOTHING,
    ports_on=_NOTHING,
    subnets_on=_NOTHING,
    _members={},
)
"""The view of an empty store."""
