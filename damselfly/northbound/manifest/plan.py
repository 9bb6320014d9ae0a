"""What must change in a store so that it holds what a manifest asks for.

A named object is replaced as a whole: a network with its subnets, an address group, a group with
its rules, a port.  What a manifest does not name stays, unless it is asked to prune.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Subnet
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Contents

from .checks import check
from .ownership import Owner, owners
from .segments import assign
from .text import BadManifest, Draft, Problem
from .wanted import Wanted, build


class Effect(NamedTuple):
    """What happens to one object."""

    verb: Literal["create", "change", "delete"]
    kind: str
    id: str
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes to commit, what must not have changed meanwhile, and what it amounts to."""

    changes: tuple[Change, ...]
    expected: Mapping[str, bytes | None]
    notes: tuple[str, ...] = ()
    """What was understood otherwise than it was written."""

    @property
    def effects(self) -> list[Effect]:
        """List what happens to the policy's objects; index entries are left out."""
        return list(_effects(self))


def plan(draft: Draft, contents: Contents, *, prune: bool = False) -> Plan:
    """Return what makes the store hold the manifest; with ``prune``, nothing else.

    ``contents`` is all but ``/status/``.  Raises BadManifest that lists everything that is wrong
    with any of the entries.
    """
    store = PolicyReader(contents).snapshot
    mine = _named(draft)
    owned = owners(contents)
    base = _staying(store, mine, prune=prune)
    numbers = assign(draft, store, base)
    wanted = build(draft, base, numbers)
    after = _after(wanted, base)
    check(wanted, after)
    if wanted.problems:
        raise BadManifest(wanted.problems)
    desired = {
        change.key: change.value
        for thing in wanted.things.values()
        for change in (write(thing), *written_together(thing))
    }
    going = [key for key, owner in owned.items() if prune or owner in mine]
    changes = _difference(contents, desired, going)
    referred = {key for thing in wanted.things.values() for key in _references(thing)}
    return _plan(contents, changes, referred, wanted.notes)


def without(contents: Contents, key: str) -> Plan:
    """Return what deletes the object at a key together with everything that belongs to it."""
    gone = Owner(*keys.parse(key)[:1], keys.parse(key).ids[0])
    owned = owners(contents)
    going = [one for one, owner in owned.items() if one == key or owner == gone]
    return _plan(contents, _difference(contents, {}, going))


def _named(draft: Draft) -> set[Owner]:
    return {
        *(Owner(keys.NETWORK, item.entry.key) for item in draft.networks),
        *(Owner(keys.ADDRESS_GROUP, item.entry.key) for item in draft.address_groups),
        *(Owner(keys.GROUP, item.entry.key) for item in draft.groups),
        *(Owner(keys.PORT, item.entry.key) for item in draft.ports),
    }


def _staying(store: Snapshot, mine: set[Owner], *, prune: bool) -> Snapshot:
    """Return the store's objects that the manifest neither replaces nor removes."""
    if prune:
        return PolicyReader(Contents(store.revision, {})).snapshot
    networks = {name for kind, name in mine if kind == keys.NETWORK}
    return store.evolve(
        store.revision,
        drop=[
            *((Network, name) for name in networks),
            *((Subnet, s.id) for s in store.subnets.values() if s.network_id in networks),
            *((AddressGroup, name) for kind, name in mine if kind == keys.ADDRESS_GROUP),
            *((SecurityGroup, name) for kind, name in mine if kind == keys.GROUP),
            *((type(store.ports[name]), name) for kind, name in mine
              if kind == keys.PORT and name in store.ports),
        ],
    )  # fmt: skip


def _after(wanted: Wanted, base: Snapshot) -> Snapshot:
    things = [thing for thing in wanted.things.values() if not isinstance(thing, Rule)]
    return base.evolve(base.revision, put=things)


def _difference(
    contents: Contents, desired: Mapping[str, bytes | None], going: Iterable[str]
) -> list[Change]:
    puts = [
        Change(key, value) for key, value in desired.items() if contents.objects.get(key) != value
    ]
    return puts + [Change(key, None) for key in going if key not in desired]


def _references(thing: Stored) -> Iterator[str]:
    """Yield the keys of what an object needs to be there."""
    if isinstance(thing, Rule):
        if thing.remote_group_id is not None:
            yield keys.group(thing.remote_group_id)
        if thing.remote_address_group_id is not None:
            yield keys.address_group(thing.remote_address_group_id)
    for group_id in getattr(thing, "security_groups", ()):
        yield keys.group(group_id)
    if hasattr(thing, "network_id"):
        yield keys.network(thing.network_id)


def _plan(
    contents: Contents,
    changes: list[Change],
    referred: Iterable[str] = (),
    notes: Iterable[Problem] = (),
) -> Plan:
    if not changes:
        return Plan((), {}, tuple(map(str, notes)))
    watched = {change.key for change in changes} | set(referred)
    expected = {key: contents.objects.get(key) for key in sorted(watched)}
    return Plan(tuple(sorted(changes)), expected, tuple(map(str, notes)))


def _effects(plan: Plan) -> Iterator[Effect]:
    for key, after in plan.changes:
        kind, ids = keys.parse(key)
        if kind in keys.POLICY:
            before = plan.expected[key]
            verb: Literal["create", "change", "delete"] = "change"
            if before is None or after is None:
                verb = "create" if before is None else "delete"
            yield Effect(verb, kind, ids[-1], before, after)
