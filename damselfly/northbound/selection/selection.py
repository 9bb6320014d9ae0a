"""Hold what the ports of a host need, as of one revision; grow and let go as they come and go."""

from __future__ import annotations

from collections.abc import Iterable

from damselfly.errors import Compacted
from damselfly.northbound import keys
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Commit, Contents, Store

from .interest import Index, Interest, wanted

_ATTEMPTS = 5
"""How often a store that knows only the present may change while it is asked step by step."""


class Selection:
    """A part of the policy that is complete for some ports, and its view.

    Whenever a call has returned, the view is that of one revision, with all in it that the ports
    need.  A call that raised may have left it half done: then only :meth:`read` may follow.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._here: frozenset[str] = frozenset()
        self._known: frozenset[str] = frozenset()
        self.is_whole = False
        """Whether the last call came to its end."""
        self._forget(0)

    @property
    def objects(self) -> int:
        """How many objects are held, index entries included."""
        return len(self._held)

    def wants(self, key: str) -> bool:
        """Tell whether a key is wanted at this moment; for the store's watch."""
        return self._interest.wants(key)

    @property
    def revision(self) -> int:
        """The revision of what is held."""
        return self.reader.snapshot.revision

    def fits(self, here: Iterable[str], known: Iterable[str]) -> bool:
        """Tell whether it was made for these ports."""
        return (frozenset(here), frozenset(known)) == (self._here, self._known)

    async def read(self, here: Iterable[str], known: Iterable[str] = ()) -> None:
        """Read anew what is needed for the ports that are here, and those that may come back.

        Raises StoreError.
        """
        self._here, self._known = frozenset(here), frozenset(known)
        for _ in range(_ATTEMPTS):
            start = await self._store.read(())
            self._forget(start.revision)
            try:
                await self._complete()
            except Compacted:
                continue
            return
        whole = await self._store.read((*keys.POLICY_PREFIXES, *keys.INDEX_PREFIXES))
        self._forget(whole.revision)
        await self._complete(whole)

    async def choose(self, here: Iterable[str], known: Iterable[str] = ()) -> None:
        """Take other ports; what they need is asked for as of the revision that is held.

        Raises Compacted where the store no longer knows that one, StoreError.
        """
        self._here, self._known = frozenset(here), frozenset(known)
        await self._complete()

    async def apply(self, commit: Commit) -> None:
        """Follow one commit, and ask for what it makes necessary.  Raises as :meth:`choose`."""
        self.is_whole = self.is_whole and not commit.changes
        self._take(commit)
        if commit.changes:
            await self._complete()

    def _forget(self, revision: int) -> None:
        self.reader = PolicyReader(Contents(revision, {}))
        self._index = Index()
        self._interest = Interest()
        self._asked = Interest()
        self._held: set[str] = set()

    async def _complete(self, whole: Contents | None = None) -> None:
        """Ask step by step for what is missing, as of the revision that is held; drop the rest."""
        self.is_whole = False
        revision = self.revision
        while True:
            view = self.reader.snapshot
            self._interest = wanted(self._here, self._known, view, self._index)
            missing = self._interest.beyond(self._asked)
            if not missing:
                break
            found = whole or await self._store.read(missing, at=revision)
            self._asked = self._asked.joined(self._interest)
            chosen = (
                Change(key, value)
                for key, value in found.objects.items()
                if key not in self._held and self._interest.wants(key)
            )
            self._take(Commit(revision, tuple(chosen)))
        if self._asked != self._interest:
            self._asked = self._interest
            surplus = (Change(key, None) for key in self._held if not self._interest.wants(key))
            self._take(Commit(revision, tuple(surplus)))
        self.is_whole = True

    def _take(self, commit: Commit) -> None:
        for key, value in commit.changes:
            self._index.take(key, value)
            if value is None:
                self._held.discard(key)
            else:
                self._held.add(key)
        self.reader.apply(commit)
