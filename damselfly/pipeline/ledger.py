"""LEDGER: no packet comes here; its flows remember what the labels stand for.

One flow for each group that local ports wear (its rules), for each group that their rules name as
remote (its members) and for each address group that they name (its addresses).  The match holds a
hash of the group's id, the cookie the fingerprint of the contents.  A starting agent compares: a
label is kept only where the fingerprints of everything that its policy depends on are still the
same.  A change of one group with ten thousand members rewrites one flow here and none of the ports
that name it.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import NamedTuple

from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.model.address import FAMILIES
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline.digest import addresses_digest, digest, members_digest, rules_digest
from damselfly.policy.policies import remote_groups

from .layout import Priority, Table


class Entry(IntEnum):
    """What of a group an entry stands for."""

    RULES = 1
    MEMBERS = 2
    ADDRESSES = 3
    """Of an address group; all others are security groups."""


class LedgerKey(NamedTuple):
    """One entry of the ledger."""

    group_id: str
    entry: Entry


def needed(snapshot: Snapshot, worn: Collection[str]) -> frozenset[LedgerKey]:
    """Return the entries on which the policy of ports with these groups depends."""
    keys = set()
    for group_id in worn:
        keys.add(LedgerKey(group_id, Entry.RULES))
        if group_id in snapshot.groups:
            for remote in remote_groups(snapshot.groups[group_id]):
                keys.add(LedgerKey(remote, Entry.MEMBERS))
    for listed, namers in snapshot.namers.items():
        if not namers.isdisjoint(worn):
            keys.add(LedgerKey(listed, Entry.ADDRESSES))
    return frozenset(keys)


def inputs(snapshot: Snapshot, key: LedgerKey) -> tuple[object, ...]:
    """Return what an entry's fingerprint is made from."""
    if key.entry is Entry.ADDRESSES:
        return (snapshot.address_groups.get(key.group_id),)
    group = snapshot.groups.get(key.group_id)
    if key.entry is Entry.RULES:
        return (group,)
    members = (snapshot.members(key.group_id, family) for family in FAMILIES)
    return (group is not None, *members)


def entry_flow(snapshot: Snapshot, key: LedgerKey) -> Flow:
    """State the flow of one entry."""
    name = match(xxreg0=digest(key.group_id, size=16), reg4=key.entry.value)
    return Flow(Table.LEDGER, Priority.DEFAULT, name, (), _fingerprint(snapshot, key))


def _fingerprint(snapshot: Snapshot, key: LedgerKey) -> int:
    if key.entry is Entry.MEMBERS:
        return members_digest(snapshot, key.group_id)
    if key.entry is Entry.ADDRESSES:
        return addresses_digest(snapshot, key.group_id)
    group = snapshot.groups.get(key.group_id)
    return digest("no such group") if group is None else rules_digest(group)
