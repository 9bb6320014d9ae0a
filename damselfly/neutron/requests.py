"""From a request's changes to the store: noted in its transaction, written right after it.

A change that cannot be written now stays noted, and the repair writes it: the API's answer says
what Neutron's database holds, and never waits for a store that is away.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable
from typing import Any

from neutron_lib.db import api as db_api
from oslo_db.exception import DBError
from sqlalchemy.exc import SQLAlchemyError

from damselfly.errors import StoreError

from .db.journal import RevisionJournal
from .keeping import Keeper
from .translate import Target

_log = logging.getLogger(__name__)


class Requests:
    """Notes what requests change and brings it to the store; any number of threads."""

    def __init__(self, keeper: Keeper, journal: RevisionJournal, rest: float) -> None:
        """Take the seconds for which a store that failed is left alone."""
        self._keeper = keeper
        self._journal = journal
        self._rest = rest
        self._failed_at = float("-inf")
        self._own = threading.local()

    def note_new(self, context: Any, targets: Collection[Target]) -> None:
        """Note, in the transaction, what it makes."""
        self._journal.note_new(context, targets)
        self._pending().update(dict.fromkeys(targets))

    def note(self, context: Any, targets: Collection[Target]) -> None:
        """Note, in the transaction, what it changes or deletes."""
        self._journal.note(context, targets)
        self._pending().update(dict.fromkeys(targets))

    def note_rules_of(self, context: Any, group_id: str) -> None:
        """Note, in the transaction, that all rules of a group go."""
        rules = self._journal.note_rules_of(context, group_id)
        self._pending().update(dict.fromkeys(rules))

    def note_late(self, targets: Collection[Target]) -> None:
        """Note what was changed by a transaction that told nobody."""
        try:
            self._journal.note_apart(targets)
        except (DBError, SQLAlchemyError):
            _log.exception("changes were not noted; the comparison will find them")
        self._pending().update(dict.fromkeys(targets))

    def write(self, context: Any) -> None:
        """Write what this thread noted, once its transaction is over; never raises."""
        if db_api.is_session_active(context.session):
            return
        pending = list(self._pending())
        self._pending().clear()
        if pending:
            self._write(pending)

    def _write(self, targets: Iterable[Target]) -> None:
        if time.monotonic() - self._failed_at < self._rest:
            return
        try:
            self._keeper.bring(targets)
        except StoreError as error:
            self._failed_at = time.monotonic()
            _log.warning("changes wait for the repair: %s", error)
        except (DBError, SQLAlchemyError):
            _log.exception("changes wait for the repair: Neutron's database failed")

    def _pending(self) -> dict[Target, None]:
        """Return the thread's changes; a request whose transaction failed leaves some behind."""
        if not hasattr(self._own, "targets"):
            self._own.targets = {}
        pending: dict[Target, None] = self._own.targets
        return pending
