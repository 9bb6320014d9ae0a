"""Bring the store in line with Neutron, for a few resources at a time.

Several processes do this at once, and each may die at any step.  What makes them end right:

1. The value written comes from a read of Neutron's database that is newer than the journal's count.
2. It is written only over the value that was in the store before that read.
3. Afterwards the journal is settled only if the count has not moved; else all is done again.

So whoever writes something stale learns of it, and whoever dies leaves a count that is not settled.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from damselfly.errors import BadInput, Conflict, StoreError
from damselfly.neutron.translate import Kind, Target, entries, guards
from damselfly.northbound import keys
from damselfly.northbound.codec import decode
from damselfly.northbound.store import Change

from .parties import Entries, Found, Journal, Source

_log = logging.getLogger(__name__)
_ROUNDS = 20
"""How often a resource may change under our hands before we leave it to the repair."""
_BATCH = 500
"""Resources that are read and written together."""
_APART = 20
"""Rules of one group that are read one by one; more of them are read as a whole."""


class StillChanging(StoreError):
    """Others change a resource faster than it can be written."""


class Keeper:
    """Writes to the store what Neutron says."""

    def __init__(self, store: Entries, source: Source, journal: Journal) -> None:
        self._store = store
        self._source = source
        self._journal = journal

    def bring(self, targets: Iterable[Target]) -> None:
        """Make the store say of each target what Neutron says of it now.

        Raises StoreError where the store cannot be read or written.
        """
        waiting = list(dict.fromkeys(targets))
        while waiting:
            batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
            for _ in range(_ROUNDS):
                batch = list(self._round(batch))
                if not batch:
                    break
            else:
                raise StillChanging(f"{batch[0]} and {len(batch) - 1} others change all the time")

    def mend(self, target: Target, actual: Mapping[str, bytes]) -> bool:
        """Bring one target in line, where the store was seen to hold ``actual`` of it.

        Unlike in ``bring``, index entries that are wrong by themselves are found.  Tells whether it
        is in line now; False where somebody else is at it.  Raises StoreError.
        """
        noted = self._journal.noted([target])
        found = self._source.read([target]).get(target)
        changes = _difference(actual, _wanted(target, found))
        touched = {guards(target), *(key for key, _ in changes)}
        try:
            if changes:
                self._store.commit(changes, {key: actual.get(key) for key in touched})
        except Conflict:
            return False
        revision = None if found is None else found.revision
        return not self._journal.settle({target: revision}, noted)

    def _round(self, targets: Sequence[Target]) -> Sequence[Target]:
        """Do it once; return the targets that changed meanwhile."""
        noted = self._journal.noted(targets)
        stored = self._stored(targets)
        found = self._source.read(targets)
        changes: list[Change] = []
        expected: dict[str, bytes | None] = {}
        for target in targets:
            own = self._changes(target, stored, found.get(target))
            if own:
                changes += own
                expected[guards(target)] = stored.get(guards(target))
        try:
            if changes:
                self._store.commit(changes, expected)
        except Conflict:
            return targets
        revisions = {one: found[one].revision if one in found else None for one in targets}
        return self._journal.settle(revisions, noted)

    def _stored(self, targets: Iterable[Target]) -> Mapping[str, bytes]:
        by_group: dict[str, list[str]] = {}
        prefixes: list[str] = []
        for target in targets:
            if target.kind is Kind.RULE:
                by_group.setdefault(target.parent, []).append(guards(target))
            else:
                prefixes.append(guards(target))
        for group_id, own in by_group.items():
            prefixes += own if len(own) <= _APART else [keys.rules_of(group_id)]
        return self._store.read(prefixes).objects

    def _changes(
        self, target: Target, stored: Mapping[str, bytes], found: Found | None
    ) -> list[Change]:
        old = _implied(guards(target), stored)
        changes = _difference(old, _wanted(target, found))
        if target.kind is Kind.GROUP and found is None:
            rules = self._store.read([keys.rules_of(target.id)]).objects
            changes += [Change(key, None) for key in rules]
        if target.kind is Kind.NETWORK:
            changes = [one for one in changes if not self._has_new_owner(one, old)]
        return changes

    def _has_new_owner(self, change: Change, old: Mapping[str, bytes]) -> bool:
        """Tell whether a network's number, which is to be given up, belongs to another by now."""
        if change.value is not None or keys.parse(change.key).kind != keys.SEGMENT:
            return False
        return self._store.read([change.key]).objects.get(change.key) != old[change.key]


def _wanted(target: Target, found: Found | None) -> dict[str, bytes]:
    if found is None:
        return {}
    if found.problem:
        _log.warning("%s is not enforced: %s", target, found.problem)
    return {} if found.thing is None else entries(found.thing)


def _implied(guard: str, stored: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what the store holds of a resource, index entries by inference."""
    value = stored.get(guard)
    if value is None:
        return {}
    try:
        implied = entries(decode(guard, value))
    except BadInput:
        implied = {}
    return {**implied, guard: value}


def _difference(actual: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> list[Change]:
    gone = [Change(key, None) for key in actual if key not in wanted]
    return gone + [Change(key, wanted[key]) for key in wanted if actual.get(key) != wanted[key]]
