"""From manifest files to a plan, and to the policy as it would be."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from damselfly.errors import BadInput
from damselfly.model.group import Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.manifest import Draft, Plan, plan, read
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Commit, Contents
from damselfly.policy.lint import idle_rules

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the policy before and after it."""

    plan: Plan
    before: Snapshot
    after: Snapshot


def draft_of(files: Sequence[str]) -> Draft:
    """Read manifest files, directories of them, or ``-`` for standard input.  Raises BadInput."""
    return read([source for file in files for source in _sources(file)])


def planned(draft: Draft, contents: Contents, *, prune: bool) -> Planned:
    """Plan a manifest for a store; with notes of rules that will match nothing.

    Those that are written, and those that name an address group that is written.
    """
    made = plan(draft, contents, prune=prune)
    reader = PolicyReader(contents)
    before = reader.snapshot
    after = reader.apply(Commit(contents.revision + 1, made.changes))
    written = {change.key for change in made.changes if change.value is not None}
    notes = (
        f"rule {rule.id} matches nothing now: {why}"
        for rule, why in idle_rules(after)
        if not written.isdisjoint(_keys(rule))
    )
    return Planned(replace(made, notes=(*made.notes, *notes)), before, after)


def _keys(rule: Rule) -> Iterator[str]:
    """Yield the keys of a rule and of the address group that it names."""
    yield keys.rule(rule.security_group_id, rule.id)
    if rule.remote_address_group_id is not None:
        yield keys.address_group(rule.remote_address_group_id)


def _sources(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files that a name stands for, with their contents."""
    if name == "-":
        yield "standard input", sys.stdin.buffer.read()
        return
    path = Path(name)
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
            if not files:
                raise BadInput(f"{name}: no {' or '.join(_SUFFIXES)} file in this directory")
        else:
            files = [path]
        for file in files:
            yield str(file), file.read_bytes()
    except OSError as error:
        raise BadInput(f"{error.filename or name}: {error.strerror}") from None
