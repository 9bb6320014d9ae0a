"""From one version of a rule book to the next: what did not change is the very same object.

A member that comes or goes changes one set of addresses, which few rules may name; an edited rule
changes itself.  What is made anew is what depends on that.  The outcome is the same as compiling
everything, which the tests hold it to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from operator import is_

from damselfly.model.group import Rule
from damselfly.model.intervals import IntervalSet
from damselfly.model.snapshot import Snapshot

from .decision import rules_of
from .index import Name
from .meaning import Box, box
from .region import Verdict
from .rulebook import RuleBook, compiled

Holds = Callable[[Verdict], bool]


def renewed(book: RuleBook, snapshot: Snapshot) -> RuleBook | None:
    """Return the book of the same rules with the remotes that they have now.

    None where other rules match anything than did: the book must be recompiled.
    """
    if any(box(rule, snapshot) is not None for rule in book.silent):
        return None
    now: dict[Name, IntervalSet] = {}
    moved = 0
    for name, values, rules in book.remote.sets:
        meant = box(book.rules[next(_places(rules))], snapshot)
        if meant is None:
            return None
        if meant.remote is not values and name is not None:
            now[name] = meant.remote
            moved |= rules
    return _with_remotes(book, now, list(_places(moved)))


def recompiled(book: RuleBook, snapshot: Snapshot, groups: tuple[str, ...]) -> RuleBook:
    """Return the book of the groups as they are now; the same one where nothing else is meant."""
    known = {id(rule): known for rule, known in zip(book.rules, book.boxes, strict=True)}
    meant, silent = [], []
    for rule in rules_of(snapshot, groups, book.direction, book.family):
        now = _meant(rule, snapshot, known.get(id(rule)))
        if now is not None:
            meant.append((rule, now))
        elif rule.remote_set is not None:
            silent.append(rule)
    same = len(meant) == len(book.rules) and tuple(silent) == book.silent
    if same and all(map(is_, book.boxes, (now for _, now in meant))):
        return book
    return compiled((book.direction, book.family), meant, silent)


def holds_since(old: RuleBook | None, new: RuleBook | None) -> Holds:
    """Return what tells whether the new rules give a verdict, which the old ones, if any, gave.

    Where the rules are the same, only allowances by those that mean fewer addresses can be wrong,
    and denials to addresses that have come.
    """
    if new is None:
        return lambda _: False
    if old is None or old.rules is not new.rules:
        return new.holds
    come = IntervalSet(new.family.bits, (), ())
    fewer: set[str] = set()
    for was, now in zip(old.remote.sets, new.remote.sets, strict=True):
        if was.values is not now.values:
            come |= now.values - was.values
            if not now.values.contains(was.values):
                fewer.update(new.rules[place].id for place in _places(now.rules))

    def holds(verdict: Verdict) -> bool:
        if verdict.rule is not None:
            return verdict.rule.id not in fewer or new.holds(verdict)
        first, length, bits = verdict.region.remote
        return not come.meets(first, first + (1 << bits - length) - 1) or new.holds(verdict)

    return holds


def _meant(rule: Rule, snapshot: Snapshot, known: Box | None) -> Box | None:
    """Return what the rule admits, as the very box that is known if that is still right."""
    if known is not None and rule.remote_set is None:
        return known
    now = box(rule, snapshot)
    return known if known is not None and now is not None and now.remote is known.remote else now


def _with_remotes(book: RuleBook, now: Mapping[Name, IntervalSet], moved: list[int]) -> RuleBook:
    if not moved:
        return book
    boxes = list(book.boxes)
    for place in moved:
        name, old = book.rules[place].remote_set, boxes[place]
        assert name is not None
        boxes[place] = Box(old.protocol, old.tp_src, old.tp_dst, now[name])
    return replace(
        book,
        boxes=tuple(boxes),
        remote=book.remote.with_sets(now),
        preference=book.preference.with_remotes(boxes, moved),
        _portless=[],
    )


def _places(rules: int) -> Iterator[int]:
    """Yield the places of the rules in a set, ascending."""
    while rules:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest
