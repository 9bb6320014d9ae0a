"""Two versions of a policy, group by group: what is the same, and what admits at least as much.

Everything here is found out once for each group, and costs nothing where objects are the same.
"""

from __future__ import annotations

from functools import cached_property

from damselfly.model.address import FAMILIES
from damselfly.model.intervals import IntervalSet
from damselfly.model.snapshot import Snapshot


class Difference:
    """What lies between two snapshots."""

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        self._old = old
        self._new = new
        self._same: dict[str, bool] = {}
        self._widened: dict[str, bool] = {}
        self._members: dict[str, tuple[bool, bool]] = {}

    def is_same(self, group_id: str) -> bool:
        """Tell whether the group's rules mean what they meant."""
        known = self._same.get(group_id)
        if known is None:
            known = self._same[group_id] = self._is_same(group_id)
        return known

    def only_widens(self, group_id: str) -> bool:
        """Tell whether all rules that there were are there, and mean all whom they meant."""
        known = self._widened.get(group_id)
        if known is None:
            known = self._widened[group_id] = self._only_widens(group_id)
        return known

    def _is_same(self, group_id: str) -> bool:
        was, now = self._old.groups.get(group_id), self._new.groups.get(group_id)
        if was is not now and was != now:
            return False
        if now is None:
            return True
        if any(group_id in self._namers(listed) for listed in self._lists):
            return False
        return all(self._of_members(name)[0] for name in now.remote_groups)

    def _only_widens(self, group_id: str) -> bool:
        was, now = self._old.groups.get(group_id), self._new.groups.get(group_id)
        if was is None:
            return True
        if now is None or was.stateful != now.stateful:
            return False
        if was is not now and not set(map(id, was.rules)) <= set(map(id, now.rules)):
            return False
        fewer = (listed for listed, widened in self._lists.items() if not widened)
        if any(group_id in self._namers(listed) for listed in fewer):
            return False
        return all(self._of_members(name)[1] for name in was.remote_groups)

    def _of_members(self, group_id: str) -> tuple[bool, bool]:
        """Tell whether a remote group has the same members, and whether it has all it had."""
        known = self._members.get(group_id)
        if known is None:
            known = self._members[group_id] = self._compared_members(group_id)
        return known

    def _compared_members(self, group_id: str) -> tuple[bool, bool]:
        was_known, is_known = (group_id in view.groups for view in (self._old, self._new))
        if was_known != is_known:
            return False, not was_known
        old, new = self._old, self._new
        if old.ports is new.ports:
            return True, True
        sets = [(old.members(group_id, f), new.members(group_id, f)) for f in FAMILIES]
        return all(map(_equal, sets)), all(now.contains(was) for was, now in sets)

    @cached_property
    def _lists(self) -> dict[str, bool]:
        """The address groups that list something else; with True, all that they listed as well."""
        old, new = self._old, self._new
        if old.address_groups is new.address_groups:
            return {}
        return {
            listed: self._has_grown(listed)
            for listed in {*old.address_groups, *new.address_groups}
            if not self._lists_the_same(listed)
        }

    def _lists_the_same(self, group_id: str) -> bool:
        was, now = (view.address_groups.get(group_id) for view in (self._old, self._new))
        if was is None or now is None:
            return was is now
        return was.addresses == now.addresses

    def _has_grown(self, group_id: str) -> bool:
        sets = (
            (self._old.addresses(group_id, f), self._new.addresses(group_id, f)) for f in FAMILIES
        )
        return all(now.contains(was) for was, now in sets)

    def _namers(self, listed: str) -> set[str]:
        return {name for view in (self._old, self._new) for name in view.namers.get(listed, ())}


def _equal(sets: tuple[IntervalSet, IntervalSet]) -> bool:
    was, now = sets
    return was is now or was == now
