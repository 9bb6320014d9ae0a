"""Find what differs between Neutron and the store, and put it right."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from damselfly.errors import Conflict
from damselfly.neutron.db.behind import behind
from damselfly.neutron.db.journal import RevisionJournal
from damselfly.neutron.keeping import Difference, Entries, Keeper, Source, differences
from damselfly.neutron.keeping.comparing import PREFIXES
from damselfly.neutron.translate import Target
from damselfly.northbound.store import Change

_log = logging.getLogger(__name__)
_NAMED = 100
"""Differences that are named in the log one by one."""


class Repair:
    """Looks often for changes that were noted and not written, rarely at everything."""

    def __init__(
        self, keeper: Keeper, journal: RevisionJournal, source: Source, store: Entries
    ) -> None:
        self._keeper = keeper
        self._journal = journal
        self._source = source
        self._store = store
        self._left: dict[Target, int] = {}

    def unwritten(self) -> None:
        """Write what was noted before the last look and is not written yet.

        What is newer belongs to a request that is still at it.  Raises StoreError.
        """
        now = self._journal.unsettled()
        old = [target for target, count in now.items() if self._left.get(target) == count]
        if old:
            _log.warning("writing %d changes that requests left behind", len(old))
            self._keeper.bring(old)
        self._left = now

    def behind(self) -> None:
        """Write what Neutron's own revision numbers show to be newer than the store."""
        targets = behind()
        if targets:
            self._journal.note_apart(targets)
            self._keeper.bring(targets)

    def everything(self) -> None:
        """Compare all that there is, and put right what differs.  Raises StoreError.

        Only what differs at two looks: at one, much of it is a request that is being served.
        """
        begun = time.monotonic()
        found = list(self.differences())
        if found:
            before = {one.target: one for one in found}
            busy = self._journal.unsettled()
            again = [one for one in self.differences() if before.get(one.target) == one]
            found = [one for one in again if one.target not in busy]
        self.mend(found)
        taken = time.monotonic() - begun
        _log.info("compared everything in %.1f s; %d differences", taken, len(found))

    def differences(self) -> Iterator[Difference]:
        """Yield what differs; what is being changed just now may be among it."""
        return differences(self._store.read(PREFIXES).objects, self._source.everything())

    def mend(self, found: Sequence[Difference]) -> None:
        """Put differences right; what others change meanwhile is theirs.  Raises StoreError."""
        for difference in found[:_NAMED]:
            _log.warning("mending %s", difference)
        if len(found) > _NAMED:
            _log.warning("mending %d more differences", len(found) - _NAMED)
        targets = [one.target for one in found if one.target is not None]
        self._journal.note_apart(targets)
        beside = [one for one in found if one.is_beside]
        for difference in beside:
            self._mend_entries(difference)
        self._keeper.bring(targets)

    def _mend_entries(self, difference: Difference) -> None:
        if difference.target is not None:
            self._keeper.mend(difference.target, difference.actual)
            return
        try:
            gone = [Change(key, None) for key in difference.actual]
            self._store.commit(gone, dict(difference.actual))
        except Conflict:
            _log.info("somebody else is at %s", ", ".join(difference.actual))
