"""The journal in Neutron's database: what has changed, and what the store is known to have.

Changes are counted within the transaction that makes them, so a change and its count stand and
fall together, whatever dies in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api

from damselfly.neutron.translate import Kind, Target

from .models import Revision

TABLE = Revision.__table__
_BATCH = 500
"""Resources of one transaction."""
_KEY = TABLE.c.resource_type, TABLE.c.resource_uuid


class RevisionJournal:
    """Counts changes, and settles them."""

    def note_new(self, context: Any, targets: Collection[Target]) -> None:
        """Count the making of resources that had no entry, in the context's transaction."""
        rows = [
            {"resource_type": kind.value, "resource_uuid": name, "parent_uuid": parent}
            for kind, name, parent in targets
        ]
        if rows:
            context.session.execute(sa.insert(TABLE), rows)

    def note(self, context: Any, targets: Iterable[Target]) -> None:
        """Count a change of each, in the context's transaction."""
        for target in targets:
            change = sa.update(TABLE).where(*_is(target)).values(noted=TABLE.c.noted + 1)
            if not context.session.execute(change).rowcount:
                self.note_new(context, [target])

    def note_rules_of(self, context: Any, group_id: str) -> list[Target]:
        """Count a change of every rule that a group has or had; return them."""
        own = (TABLE.c.resource_type == Kind.RULE.value, TABLE.c.parent_uuid == group_id)
        names = context.session.execute(sa.select(TABLE.c.resource_uuid).where(*own)).scalars()
        targets = [Target(Kind.RULE, name, group_id) for name in names]
        change = sa.update(TABLE).where(*own).values(noted=TABLE.c.noted + 1)
        context.session.execute(change)
        return targets

    def note_apart(self, targets: Collection[Target]) -> None:
        """Count a change of each in transactions of their own."""
        left = list(targets)
        while left:
            self._note_apart(left[:_BATCH])
            del left[:_BATCH]

    @db_api.retry_db_errors
    def _note_apart(self, targets: Collection[Target]) -> None:
        context = n_context.get_admin_context()
        with db_api.CONTEXT_WRITER.using(context):
            self.note(context, targets)

    @db_api.retry_db_errors
    def noted(self, targets: Collection[Target]) -> Mapping[Target, int]:
        """Return how many changes were noted of each."""
        context = n_context.get_admin_context()
        found: dict[Target, int] = {}
        with db_api.CONTEXT_READER.using(context):
            for kind, named in _by_kind(targets).items():
                query = sa.select(TABLE.c.resource_uuid, TABLE.c.noted).where(
                    TABLE.c.resource_type == kind.value, TABLE.c.resource_uuid.in_(list(named))
                )
                for name, count in context.session.execute(query):
                    found[named[name]] = count
        return found

    @db_api.retry_db_errors
    def settle(
        self, found: Mapping[Target, int | None], noted: Mapping[Target, int]
    ) -> Sequence[Target]:
        """Note that the store says what was found; return those that changed since."""
        context = n_context.get_admin_context()
        alike: dict[tuple[Kind, int, int | None], list[Target]] = {}
        for target, count in noted.items():
            alike.setdefault((target.kind, count, found[target]), []).append(target)
        left: list[Target] = [one for one in found if one not in noted and self._has(context, one)]
        with db_api.CONTEXT_WRITER.using(context):
            for (kind, count, revision), targets in alike.items():
                if not self._settle(context, (kind, count, revision), targets):
                    left += targets
        return left

    def _settle(
        self, context: Any, alike: tuple[Kind, int, int | None], targets: Sequence[Target]
    ) -> bool:
        """Settle targets of one kind, count and revision; tell whether none had moved."""
        kind, count, revision = alike
        where = (
            TABLE.c.resource_type == kind.value,
            TABLE.c.noted == count,
            TABLE.c.resource_uuid.in_([one.id for one in targets]),
        )
        change: Any = sa.delete(TABLE).where(*where)
        if revision is not None:
            values = {"written": count, "revision_number": revision}
            change = sa.update(TABLE).where(*where).values(values)
        return bool(context.session.execute(change).rowcount == len(targets))

    def _has(self, context: Any, target: Target) -> bool:
        with db_api.CONTEXT_READER.using(context):
            query = sa.select(TABLE.c.noted).where(*_is(target))
            return context.session.execute(query).first() is not None

    @db_api.retry_db_errors
    def unsettled(self) -> dict[Target, int]:
        """Return what the store is not known to have, with the count of changes."""
        context = n_context.get_admin_context()
        query = sa.select(*_KEY, TABLE.c.parent_uuid, TABLE.c.noted)
        with db_api.CONTEXT_READER.using(context):
            rows = context.session.execute(query.where(TABLE.c.noted > TABLE.c.written))
            return {Target(Kind(kind), name, parent): count for kind, name, parent, count in rows}


def _is(target: Target) -> tuple[Any, Any]:
    kind, name, _ = target
    return TABLE.c.resource_type == kind.value, TABLE.c.resource_uuid == name


def _by_kind(targets: Iterable[Target]) -> dict[Kind, dict[str, Target]]:
    grouped: dict[Kind, dict[str, Target]] = {}
    for target in targets:
        grouped.setdefault(target.kind, {})[target.id] = target
    return grouped
