"""Neutron's database and the store, small and in memory, with workers that take turns.

A worker is a thread that stops before each of its steps until it is told to go on, so that a test
decides in which order the steps of several workers happen, and at which one a worker dies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from damselfly.errors import Conflict
from damselfly.neutron.keeping import Found, Keeper
from damselfly.neutron.translate import Kind, Target, entries
from damselfly.northbound.codec import Stored
from damselfly.northbound.store import Change, Contents


class Died(BaseException):
    """What ends a worker in the middle of a step; nothing catches it."""


@dataclass
class Database:
    """What Neutron has, and the journal beside it: every method is one transaction."""

    things: dict[Target, Stored] = field(default_factory=dict)
    journal: dict[Target, tuple[int, int]] = field(default_factory=dict)
    """Changes noted, and written."""
    deleted: set[Target] = field(default_factory=set)

    def change(self, target: Target, thing: Stored | None) -> list[Target]:
        """Make, change or delete a resource, and note it; return what that touched.

        As in Neutron an id is never used twice, and a group's rules come and go with it.
        """
        group = Target(Kind.GROUP, target.parent)
        if target in self.deleted or (target.kind is Kind.RULE and group not in self.things):
            return []
        touched = [target]
        if thing is not None:
            self.things[target] = thing
        else:
            touched += [one for one in self.things if one.parent == target.id]
            self.deleted |= set(touched)
            for one in touched:
                self.things.pop(one, None)
        for one in touched:
            noted, written = self.journal.get(one, (0, 0))
            self.journal[one] = (noted + 1, written)
        return touched

    def read(self, targets: Collection[Target]) -> Mapping[Target, Found]:
        return {one: Found(self.things[one]) for one in targets if one in self.things}

    def everything(self) -> Mapping[Target, Found]:
        return self.read(list(self.things))

    def noted(self, targets: Collection[Target]) -> Mapping[Target, int]:
        return {one: self.journal[one][0] for one in targets if one in self.journal}

    def settle(
        self, found: Mapping[Target, int | None], noted: Mapping[Target, int]
    ) -> Sequence[Target]:
        left = []
        for target, revision in found.items():
            count = self.journal.get(target, (None, 0))[0]
            if count != noted.get(target):
                left.append(target)
            elif count is not None and revision is None:
                del self.journal[target]
            elif count is not None:
                self.journal[target] = (count, count)
        return left

    def unsettled(self) -> list[Target]:
        return [one for one, (noted, written) in self.journal.items() if noted != written]


@dataclass
class Shelf:
    """The store."""

    objects: dict[str, bytes] = field(default_factory=dict)
    commits: int = 0
    written: int = 0
    """Keys that were written or deleted, repetitions counted."""

    def read(self, prefixes: Sequence[str]) -> Contents:
        wanted = tuple(prefixes)
        return Contents(0, {k: v for k, v in self.objects.items() if k.startswith(wanted)})

    def commit(self, changes: Sequence[Change], expected: Mapping[str, bytes | None]) -> int:
        for key, value in expected.items():
            if self.objects.get(key) != value:
                raise Conflict(key)
        for key, value in changes:
            if value is None:
                self.objects.pop(key, None)
            else:
                self.objects[key] = value
        self.commits += 1
        self.written += len(changes)
        return self.commits


def should_hold(database: Database) -> dict[str, bytes]:
    """Return what the store has to say of what the database has."""
    return {key: one for thing in database.things.values() for key, one in entries(thing).items()}


class Worker:
    """A request: it changes the database and then brings the store in line."""

    def __init__(
        self, world: World, work: Callable[[Keeper], None], dies_before: int | None = None
    ) -> None:
        self.done = False
        self._world = world
        self._work = work
        self._left = dies_before
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._stopped.acquire()

    def step(self) -> None:
        """Let the worker take its next step and wait until it stands before the one after."""
        self._go.release()
        self._stopped.acquire()

    def wait_for_turn(self) -> None:
        """Stand before a step (called within the worker)."""
        self._stopped.release()
        self._go.acquire()
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Died

    def _run(self) -> None:
        shelf, database = self._world.shelf, self._world.database
        parts: Any = [_Stepping(shared, self) for shared in (shelf, database, database)]
        keeper = Keeper(*parts)
        try:
            self.wait_for_turn()
            self._work(keeper)
        except Died:
            pass
        finally:
            self.done = True
            self._stopped.release()


class _Stepping:
    """Something shared, each call of which is a step of the worker."""

    def __init__(self, shared: object, worker: Worker) -> None:
        self._shared = shared
        self._worker = worker

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._shared, name)

        def stepwise(*arguments: object) -> object:
            self._worker.wait_for_turn()
            return method(*arguments)

        return stepwise


@dataclass
class World:
    """Both sides, and what is done to them."""

    database: Database = field(default_factory=Database)
    shelf: Shelf = field(default_factory=Shelf)

    @property
    def keeper(self) -> Keeper:
        """A keeper that waits for nobody."""
        return Keeper(self.shelf, self.database, self.database)

    def run(self, workers: list[Worker], order: list[int]) -> None:
        """Let workers step in the drawn order, then each to its end."""
        for number in order:
            worker = workers[number % len(workers)]
            if not worker.done:
                worker.step()
        for worker in workers:
            while not worker.done:
                worker.step()

    def is_in_line(self) -> bool:
        """Tell whether the store says what the database says."""
        return self.shelf.objects == should_hold(self.database)
