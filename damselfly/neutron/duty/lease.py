"""Who is on duty: a key in the store that its holder keeps changing.

No clocks are compared.  A holder whose key has not changed for the term, by the clock of whoever
looks, is taken for gone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from damselfly.errors import Conflict
from damselfly.neutron.keeping import Entries
from damselfly.northbound.store import Change

KEY = "/status/neutron/duty"
"""No policy: agents need not look at it."""


class Lease:
    """One contender's view of the lease."""

    def __init__(
        self, store: Entries, term: float, clock: Callable[[], float], *, eager: bool = True
    ) -> None:
        """Contend for a lease that is void after ``term`` seconds of silence.

        Who is not ``eager`` waits twice as long, and also before taking a lease that is free.
        """
        self.holder = str(uuid.uuid4())
        self._store = store
        self._patience = term if eager else 2 * term
        self._eager = eager
        self._clock = clock
        self._seen: bytes | None = None
        self._seen_at = clock()
        self._beat = 0

    def renew(self) -> bool:
        """Take or keep the lease where that is possible; tell whether it is ours.

        Raises StoreError.
        """
        value = self._store.read([KEY]).objects.get(KEY)
        if value != self._seen:
            self._seen, self._seen_at = value, self._clock()
        silent = self._clock() - self._seen_at >= self._patience
        void = silent or (value is None and self._eager)
        return (void or self._is_ours(value)) and self._write(value)

    def give_up(self) -> None:
        """Free the lease for others, if it is ours.  Raises StoreError."""
        value = self._store.read([KEY]).objects.get(KEY)
        if self._is_ours(value):
            self._swap(value, None)

    def _write(self, old: bytes | None) -> bool:
        self._beat += 1
        new = json.dumps({"v": 1, "holder": self.holder, "beat": self._beat}).encode()
        if not self._swap(old, new):
            return False
        self._seen, self._seen_at = new, self._clock()
        return True

    def _swap(self, old: bytes | None, new: bytes | None) -> bool:
        try:
            self._store.commit([Change(KEY, new)], {KEY: old})
        except Conflict:
            return False
        return True

    def _is_ours(self, value: bytes | None) -> bool:
        return value is not None and json.loads(value).get("holder") == self.holder
