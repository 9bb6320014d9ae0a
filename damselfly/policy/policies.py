"""The rule books of one snapshot, shared by all ports that wear the same groups."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from damselfly.model.address import Family
from damselfly.model.direction import Direction
from damselfly.model.group import SecurityGroup
from damselfly.model.snapshot import Snapshot

from .changes.difference import Difference
from .index import Crowd
from .renewal import recompiled, renewed
from .rulebook import RuleBook, rule_book

_ROOM = 64
"""Sets that nobody names any more and that may stand in a crowd, beside as many as are named."""
BookKey = tuple[tuple[str, ...], Direction, Family]


class Policies:
    """Rule books by (groups, direction, family), compiled when first asked for.

    A book whose groups, remote groups and address groups did not change since the previous
    snapshot is the same object as before, so that ``is`` tells whether a port's policy changed.
    One of which only a part changed shares the rest.
    """

    def __init__(self, snapshot: Snapshot, previous: Policies | None = None) -> None:
        """Start from the books of the previous snapshot, where there is one."""
        self.snapshot = snapshot
        self._old = previous.snapshot if previous is not None else None
        self._difference = None if self._old is None else Difference(self._old, snapshot)
        self._unchanged: dict[tuple[str, ...], bool] = {}
        self._books: dict[BookKey, RuleBook] = {}
        self._changed: dict[BookKey, RuleBook] = {}
        self._crowds: dict[Family, Crowd] = {} if previous is None else previous._crowds
        """Where books name many remote sets: all of these, by family."""
        self._roomy: int = _ROOM if previous is None else previous._roomy
        for key, book in (previous._books if previous is not None else {}).items():
            (self._books if self.unchanged(key[0]) else self._changed)[key] = book

    def book(self, groups: tuple[str, ...], direction: Direction, family: Family) -> RuleBook:
        """Return the rule book of the groups."""
        key = (groups, direction, family)
        known = self._books.get(key)
        if known is None:
            known = self._books[key] = self._crowded(self._compiled(key), family)
        return known

    def unchanged(self, groups: tuple[str, ...]) -> bool:
        """Tell whether all rules of the groups mean what they meant in the previous snapshot."""
        known = self._unchanged.get(groups)
        if known is None:
            known = self._difference is not None and all(map(self._difference.is_same, groups))
            self._unchanged[groups] = known
        return known

    def only_widened(self, groups: tuple[str, ...]) -> bool:
        """Tell whether the groups plainly admit all that they did; if not, they may yet do so."""
        return self._difference is not None and all(map(self._difference.only_widens, groups))

    def keep(self, worn: Container[tuple[str, ...]]) -> None:
        """Forget the books of groups that nobody wears any more, and the remotes that they name."""
        gone = [key for key in self._books if key[0] not in worn]
        for key in gone:
            del self._books[key]
        if self._crowds and (gone or self._in_crowds() > self._roomy):
            books = [*self._books.values(), *self._changed.values()]
            named = {remote.name for book in books for remote in book.remote.sets}
            self._crowds = {family: crowd.only(named) for family, crowd in self._crowds.items()}
            self._roomy = 2 * self._in_crowds() + _ROOM

    def _in_crowds(self) -> int:
        return sum(len(crowd.sets) for crowd in self._crowds.values())

    def _compiled(self, key: BookKey) -> RuleBook:
        changed = self._changed.get(key)
        if changed is None:
            return rule_book(self.snapshot, *key)
        new = renewed(changed, self.snapshot) if self._same_rules(key[0]) else None
        return recompiled(changed, self.snapshot, key[0]) if new is None else new

    def _crowded(self, book: RuleBook, family: Family) -> RuleBook:
        """Put the remotes of a book that names many of them where all books have theirs."""
        if not book.remote.has_many or book.remote.crowd is not None:
            return book
        remote = book.remote.within_crowd(self._crowds.get(family) or Crowd.empty(family.bits))
        assert remote.crowd is not None
        self._crowds = {**self._crowds, family: remote.crowd}
        return replace(book, remote=remote)

    def _same_rules(self, groups: tuple[str, ...]) -> bool:
        assert self._old is not None
        return all(self._old.groups.get(g) is self.snapshot.groups.get(g) for g in groups)


def remote_groups(group: SecurityGroup) -> frozenset[str]:
    """Return the groups whose members the rules of this group depend on."""
    return group.remote_groups
