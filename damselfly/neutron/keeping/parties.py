"""What a keeper needs of Neutron's database and of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from damselfly.model.network import Router, RouterInterface
from damselfly.neutron.translate import Target
from damselfly.northbound.codec import Stored
from damselfly.northbound.store import Change, Contents


class Found(NamedTuple):
    """A resource as Neutron has it now."""

    thing: Stored | Router | RouterInterface | None
    """None: nothing of it belongs into the store."""
    revision: int = 0
    """Neutron's revision number of it."""
    problem: str = ""
    """Why it cannot be said in our words, or why it will have no effect."""


class Source(Protocol):
    """Neutron's database, read anew at every call."""

    def read(self, targets: Collection[Target]) -> Mapping[Target, Found]:
        """Return the targets that are there; what is missing is gone."""

    def everything(self) -> Mapping[Target, Found]:
        """Return every resource."""


class Journal(Protocol):
    """What of each resource is known to be in the store: a table in Neutron's database.

    It counts a resource's changes, each in the transaction that makes the change.
    """

    def noted(self, targets: Collection[Target]) -> Mapping[Target, int]:
        """Return how many changes were noted of each; one that has no entry is left out."""

    def settle(
        self, found: Mapping[Target, int | None], noted: Mapping[Target, int]
    ) -> Sequence[Target]:
        """Note that the store says what was found, by revision (None: gone).

        Returns the targets of which more was noted since ``noted`` was read: those are not settled.
        """


class Entries(Protocol):
    """The store, as blocking calls."""

    def read(self, prefixes: Sequence[str]) -> Contents:
        """As ``Store.read``."""

    def commit(self, changes: Sequence[Change], expected: Mapping[str, bytes | None]) -> int:
        """As ``Store.commit``."""
