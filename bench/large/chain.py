"""What an agent does with a policy, in one process and without a switch: each step's CPU time.

From the store's bytes by way of its reader, the snapshot, rule books and labels to the messages
that would be sent: the parts are the agent's own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from damselfly.agent.enforcement import Enforcement
from damselfly.flow.delta import Delta
from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.group import SecurityGroup
from damselfly.model.network import Attachment
from damselfly.model.port import Port
from damselfly.northbound.codec import Stored, write
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Commit, Contents
from damselfly.southbound.openflow.codec import messages

from .policies import ELSEWHERE

_Result = TypeVar("_Result")


class Chain:
    """An agent's policy and what it would send."""

    def __init__(self, things: Iterable[Stored]) -> None:
        """Read a policy and state all flows of its local ports; note what both took."""
        kept = list(things)
        objects = {change.key: change.value or b"" for each in kept for change in _changes(each)}
        local = (each for each in kept if isinstance(each, Port) and each.host != ELSEWHERE)
        self._plugged = [Attachment(port.id, n, n) for n, port in enumerate(local, start=1)]
        self._enforcement = Enforcement()
        self._reader, self.reading = _timed(lambda: PolicyReader(Contents(1, objects)))
        delta, self.stating = _timed(self._adopted)
        self.flows = len(delta.add)

    def ask(self) -> float:
        """Compile the rule books that packets to the local ports ask for; return the time."""
        keys = [attachment.key for attachment in self._plugged]
        books = (self._enforcement.book(key, way, IPV4) for key in keys for way in Direction)
        return _timed(lambda: list(books))[1]

    def change(self, change: Change) -> float:
        """Follow a commit of one change; return the milliseconds that it took."""
        return _timed(lambda: self._follow(change))[1]

    def _adopted(self) -> Delta:
        return _encoded(self._enforcement.adopt((), self._reader.snapshot, self._plugged))

    def _follow(self, change: Change) -> Delta:
        self._reader.apply(Commit(self._reader.snapshot.revision + 1, (change,)))
        return _encoded(self._enforcement.advance(self._reader.snapshot, self._plugged))


def _encoded(delta: Delta) -> Delta:
    messages.staging(delta, 1, range(1, len(delta) + 4))
    return delta


def _changes(thing: Stored) -> Iterator[Change]:
    yield write(thing)
    if isinstance(thing, SecurityGroup):
        yield from map(write, thing.rules)


def _timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    """Return what the work returns, and the CPU time of this process in milliseconds."""
    start = time.process_time()
    result = work()
    return result, (time.process_time() - start) * 1e3
