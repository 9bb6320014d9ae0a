"""One consistent, indexed, immutable view of everything that is wanted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, KeysView, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .address import Family
from .group import AddressGroup, SecurityGroup
from .intervals import IntervalSet
from .members import Members, listed, regrouped, relisted, spans_of
from .network import Network, Subnet
from .port import Port

Thing = Network | Subnet | Port | SecurityGroup | AddressGroup
Ids = KeysView[str]
"""A set of ids: the keys of a dictionary, which is copied far faster than a set."""
_NOBODY: Ids = dict[str, None]().keys()


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
    address_groups: Mapping[str, AddressGroup]
    closed: Mapping[str, str]
    """Ids of ports that must stay closed, with the reason (an object that cannot be read)."""
    wearers: Mapping[str, Ids]
    """Ids of the ports that wear a group."""
    ports_on: Mapping[str, Ids]
    """Ids of the ports on a network."""
    subnets_on: Mapping[str, Ids]
    """Ids of the subnets of a network."""
    namers: Mapping[str, Ids]
    """Ids of the groups whose rules name an address group, be it there or not."""
    _members: dict[tuple[str, Family], Members] = field(repr=False, compare=False)
    """Filled when first asked for, and carried on from view to view."""
    _addresses: dict[tuple[str, Family], IntervalSet] = field(repr=False, compare=False)
    """As ``_members``, for address groups."""

    def members(self, group_id: str, family: Family) -> IntervalSet:
        """Return the addresses by which a remote-group rule knows the group's ports.

        Fixed IPs and allowed address pairs of every port that wears the group.  An unknown group
        has no members.
        """
        key = (group_id, family)
        known = self._members.get(key)
        if known is None:
            wearers = self.wearers.get(group_id, _NOBODY)
            spans = [span for port_id in wearers for span in spans_of(self.ports[port_id], family)]
            known = self._members[key] = Members.of(family.bits, spans)
        return known.values

    def addresses(self, group_id: str, family: Family) -> IntervalSet:
        """Return an address group's addresses of one family; an unknown one has none."""
        key = (group_id, family)
        known = self._addresses.get(key)
        if known is None:
            group = self.address_groups.get(group_id)
            known = self._addresses[key] = listed(() if group is None else group.addresses, family)
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


_Move = tuple[Thing | None, Thing | None]
"""An object before and after a change."""


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
            AddressGroup: base.address_groups,
        }

    def changed(
        self,
        revision: int,
        put: Iterable[Thing],
        drop: Iterable[tuple[type[Thing], str]],
        closed: Mapping[str, str] | None,
    ) -> Snapshot:
        moves: list[_Move] = []
        for kind, name in drop:
            moves.append((self._table(kind).pop(name, None), None))
        for thing in put:
            table = self._table(type(thing))
            moves.append((table.get(thing.id), thing))
            table[thing.id] = thing
        return Snapshot(
            revision=revision,
            networks=self._finished(Network),  # type: ignore[arg-type]
            subnets=self._finished(Subnet),  # type: ignore[arg-type]
            ports=self._finished(Port),  # type: ignore[arg-type]
            groups=self._finished(SecurityGroup),  # type: ignore[arg-type]
            address_groups=self._finished(AddressGroup),  # type: ignore[arg-type]
            closed=self.base.closed if closed is None else closed,
            wearers=_indexed(self.base.wearers, moves, _groups_of),
            ports_on=_indexed(self.base.ports_on, moves, _network_of_port),
            subnets_on=_indexed(self.base.subnets_on, moves, _network_of_subnet),
            namers=_indexed(self.base.namers, moves, _address_groups_named),
            _members=regrouped(self.base._members, moves),
            _addresses=relisted(self.base._addresses, moves),
        )

    def _table(self, kind: type[Thing]) -> dict[str, Thing]:
        if kind not in self.tables:
            self.tables[kind] = dict(self.sources[kind])
        return self.tables[kind]

    def _finished(self, kind: type[Thing]) -> Mapping[str, Thing]:
        return self.tables.get(kind, self.sources[kind])


def _groups_of(thing: Thing) -> tuple[str, ...]:
    return thing.security_groups if isinstance(thing, Port) else ()


def _address_groups_named(thing: Thing) -> tuple[str, ...]:
    rules = thing.rules if isinstance(thing, SecurityGroup) else ()
    named = (rule.remote_address_group_id for rule in rules)
    return tuple(sorted({name for name in named if name is not None}))


def _network_of_port(thing: Thing) -> tuple[str, ...]:
    return (thing.network_id,) if isinstance(thing, Port) else ()


def _network_of_subnet(thing: Thing) -> tuple[str, ...]:
    return (thing.network_id,) if isinstance(thing, Subnet) else ()


def _indexed(
    base: Mapping[str, Ids],
    moves: Iterable[_Move],
    places: Callable[[Thing], tuple[str, ...]],
) -> Mapping[str, Ids]:
    """Return an index from places to the ids of objects there, after some objects moved."""
    gone: dict[str, set[str]] = defaultdict(set)
    come: dict[str, set[str]] = defaultdict(set)
    for move in moves:
        old, new = (() if thing is None else places(thing) for thing in move)
        if old != new:
            name = next(thing.id for thing in move if thing is not None)
            for place in {*old, *new}:
                to, of = (come, gone) if place in new else (gone, come)
                to[place].add(name)
                of[place].discard(name)
    if not (gone or come):
        return base
    index = dict(base)
    for place in {*gone, *come}:
        names: dict[str, None] = {}
        if place in base:
            names = base[place].mapping.copy()  # type: ignore[attr-defined]
        names.update(dict.fromkeys(come[place]))
        for name in gone[place]:
            names.pop(name, None)
        if names:
            index[place] = names.keys()
        else:
            index.pop(place, None)
    return index


_NOTHING: Mapping[str, Ids] = MappingProxyType({})
EMPTY = Snapshot(
    revision=0,
    networks=MappingProxyType({}),
    subnets=MappingProxyType({}),
    ports=MappingProxyType({}),
    groups=MappingProxyType({}),
    address_groups=MappingProxyType({}),
    closed=MappingProxyType({}),
    wearers=_NOTHING,
    ports_on=_NOTHING,
    subnets_on=_NOTHING,
    namers=_NOTHING,
    _members={},
    _addresses={},
)
"""The view of an empty store."""
