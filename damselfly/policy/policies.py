"""The rule books of one snapshot, shared by all ports that wear the same groups."""

from __future__ import annotations

from collections.abc import Container

from damselfly.model.address import FAMILIES, Family
from damselfly.model.direction import Direction
from damselfly.model.group import SecurityGroup
from damselfly.model.snapshot import Snapshot

from .rulebook import RuleBook, rule_book

BookKey = tuple[tuple[str, ...], Direction, Family]


class Policies:
    """Rule books by (groups, direction, family), compiled when first asked for.

    A book whose groups, remote groups and address groups did not change since the previous
    snapshot is the same object as before, so that ``is`` tells whether a port's policy changed.
    """

    def __init__(self, snapshot: Snapshot, previous: Policies | None = None) -> None:
        """Start from the books of the previous snapshot, where there is one."""
        self.snapshot = snapshot
        self._old = previous.snapshot if previous is not None else None
        self._named_anew = _named_anew(self._old, snapshot)
        self._same: dict[str, bool] = {}
        self._books: dict[BookKey, RuleBook] = {}
        self._changed: dict[BookKey, RuleBook] = {}
        for key, book in (previous._books if previous is not None else {}).items():
            (self._books if self.unchanged(key[0]) else self._changed)[key] = book

    def book(self, groups: tuple[str, ...], direction: Direction, family: Family) -> RuleBook:
        """Return the rule book of the groups."""
        key = (groups, direction, family)
        known = self._books.get(key)
        if known is None:
            changed = self._changed.get(key)
            known = self._books[key] = rule_book(self.snapshot, *key, previous=changed)
        return known

    def unchanged(self, groups: tuple[str, ...]) -> bool:
        """Tell whether all rules of the groups mean what they meant in the previous snapshot."""
        return all(self._unchanged(group_id) for group_id in groups)

    def keep(self, worn: Container[tuple[str, ...]]) -> None:
        """Forget the books of groups that nobody wears any more."""
        for key in [key for key in self._books if key[0] not in worn]:
            del self._books[key]

    def _unchanged(self, group_id: str) -> bool:
        """Tell whether the group's rules mean what they meant in the previous snapshot."""
        known = self._same.get(group_id)
        if known is None:
            known = self._same[group_id] = self._compare(group_id)
        return known

    def _compare(self, group_id: str) -> bool:
        if self._old is None:
            return False
        old, new = self._old.groups.get(group_id), self.snapshot.groups.get(group_id)
        if old is not new and old != new:
            return False
        if new is None:
            return True
        if group_id in self._named_anew:
            return False
        return all(self._same_members(name) for name in remote_groups(new))

    def _same_members(self, group_id: str) -> bool:
        assert self._old is not None
        if (group_id in self._old.groups) != (group_id in self.snapshot.groups):
            return False
        if self._old.wearers.get(group_id) is self.snapshot.wearers.get(group_id) and (
            self._old.ports is self.snapshot.ports
        ):
            return True
        for family in FAMILIES:
            was, now = (view.members(group_id, family) for view in (self._old, self.snapshot))
            if was is not now and was != now:
                return False
        return True


def remote_groups(group: SecurityGroup) -> frozenset[str]:
    """Return the groups whose members the rules of this group depend on."""
    return group.remote_groups


def _named_anew(old: Snapshot | None, new: Snapshot) -> frozenset[str]:
    """Return the groups whose rules name an address group that is not what it was."""
    if old is None or old.address_groups is new.address_groups:
        return frozenset()
    changed = (names for listed, names in new.namers.items() if not _same_list(old, new, listed))
    return frozenset().union(*changed)


def _same_list(old: Snapshot, new: Snapshot, group_id: str) -> bool:
    was, now = old.address_groups.get(group_id), new.address_groups.get(group_id)
    if was is None or now is None:
        return was is now
    return was.addresses == now.addresses
