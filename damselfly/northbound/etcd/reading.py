"""Read from etcd as of one revision, however much it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from damselfly.northbound.store import STATUS

from .layout import GONE, NOTHING, Layout, Record, end_of, of_part
from .rpc import Ahead, Session
from .rpc.answers import Done, KeyValue, done
from .rpc.requests import Operation, Range, transaction
from .rpc.session import TXN

OPERATIONS = 100
"""In one transaction; etcd takes 128 unless it is told otherwise (``--max-txn-ops``)."""
_PAGE = 2_000
"""Keys in one answer of a range."""
_Thing = TypeVar("_Thing")


class Head(NamedTuple):
    """Where the store stands at a revision."""

    revision: int
    written_at: int
    """The revision of the last commit of policy; 0: there was none."""
    record: Record
    pending: str | None
    """The large commit whose parts are not objects yet."""
    commits: int = 0
    """How many there were of policy."""


class Reading:
    """Reads of one store."""

    def __init__(self, session: Session, layout: Layout) -> None:
        self._session = session
        self._layout = layout

    async def head(self, at: int = 0) -> Head:
        """Return where the store stands, now or as of a revision."""
        return self._head(await self.ask(self._head_of(at)), at)

    async def contents(self, prefixes: Sequence[str], at: int = 0) -> tuple[Head, dict[str, bytes]]:
        """Return what starts with one of the prefixes, now or as of a revision."""
        ranges = list(self._ranges(prefixes))
        first, rest = ranges[: OPERATIONS - 2], ranges[OPERATIONS - 2 :]
        asked = [each._replace(revision=at) for each in first]
        answer = await self.ask([*self._head_of(at), *asked])
        head = self._head(answer, at)
        found = [key for one in answer.found[2:] for key in one.keys]
        more = [
            each._replace(key=one.keys[-1].key + b"\0")
            for each, one in zip(first, answer.found[2:], strict=True)
            if one.more
        ]
        found += await self._all(more + rest, head.revision)
        objects = {self._layout.name(each.key): each.value for each in found}
        if head.pending is not None:
            for key, value in (await self.parts(head.pending, prefixes, head.revision)).items():
                objects.pop(key, None)
                if value is not None:
                    objects[key] = value
        return head, objects

    async def values(self, places: Sequence[bytes], at: int) -> list[bytes | None]:
        """Return the value of each place as of a revision that the connected server told of."""
        return [
            one.keys[0].value if one.keys else None
            for some in batches(places, OPERATIONS)
            for one in (await self._near(some, at)).found
        ]

    async def parts(self, commit: str, prefixes: Iterable[str], at: int) -> dict[str, bytes | None]:
        """Return what a large commit says of the keys that start with one of the prefixes."""
        places = sorted({self._layout.part(commit, prefix) for prefix in prefixes})
        found = await self._all([Range(place, end_of(place), _PAGE) for place in places], at)
        start = self._layout.part(commit, "")
        return {each.key.removeprefix(start).decode(): of_part(each.value) for each in found}

    async def chosen_parts(
        self, commit: str, wants: Callable[[str], bool], at: int
    ) -> dict[str, bytes | None]:
        """Return what a large commit says of the keys that are wanted; of others only the names."""
        start, all_of_it = self._layout.part(commit, ""), self._layout.part(commit, "/")
        names = Range(all_of_it, end_of(all_of_it), _PAGE, keys_only=True)
        found = [each.key for each in await self._all([names], at)]
        places = [place for place in found if wants(place.removeprefix(start).decode())]
        values = await self.values(places, at)
        return {
            place.removeprefix(start).decode(): of_part(value or GONE)
            for place, value in zip(places, values, strict=True)
        }

    async def ask(self, operations: Iterable[Operation]) -> Done:
        """Read several things at once."""
        return done(await self._session.call(TXN, transaction((), operations), again=True))

    def _ranges(self, prefixes: Iterable[str]) -> Iterator[Range]:
        layout = self._layout
        places = {layout.at(prefix) for prefix in prefixes if not prefix.startswith(STATUS)}
        places |= {place for prefix in prefixes for place in layout.statuses(prefix)}
        return (Range(place, end_of(place), _PAGE) for place in sorted(places))

    async def _all(self, ranges: list[Range], at: int) -> list[KeyValue]:
        """Read ranges to their ends."""
        found: list[KeyValue] = []
        while ranges:
            some, ranges = ranges[:OPERATIONS], ranges[OPERATIONS:]
            answer = await self.ask(each._replace(revision=at) for each in some)
            for each, one in zip(some, answer.found, strict=True):
                found += one.keys
                if one.more:
                    ranges.append(each._replace(key=one.keys[-1].key + b"\0"))
        return found

    async def _near(self, places: Sequence[bytes], at: int) -> Done:
        """Ask the connected server alone; the whole cluster only where that one is behind."""
        try:
            return await self.ask(Range(each, revision=at, serializable=True) for each in places)
        except Ahead:
            return await self.ask(Range(each, revision=at) for each in places)

    def _head_of(self, at: int) -> list[Range]:
        places = (self._layout.revisions, self._layout.pending)
        return [Range(place, revision=at) for place in places]

    def _head(self, answer: Done, at: int) -> Head:
        record, pending = (one.keys[0] if one.keys else None for one in answer.found[:2])
        return Head(
            at or answer.revision,
            0 if record is None else record.written_at,
            NOTHING if record is None else Record.decode(record.value),
            None if pending is None else pending.value.decode(),
            0 if record is None else record.version,
        )


def batches(things: Sequence[_Thing], size: int) -> Iterator[Sequence[_Thing]]:
    """Yield the things in runs of at most that many."""
    for start in range(0, len(things), size):
        yield things[start : start + size]
