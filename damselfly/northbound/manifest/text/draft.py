"""From files to entries: each is read by itself, so that one mistake does not hide another."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import ValidationError

from damselfly.northbound.codec.records import Strict
from damselfly.northbound.codec.wording import complaint, unknown_key

from .entries import SECTIONS, AddressGroupEntry, GroupEntry, NetworkEntry, PortEntry, RuleEntry
from .problem import BadManifest, Problem
from .tree import Path, Tree, read_tree

_REFERENCES = {
    "network_id": "networks",
    "security_groups": "security_groups",
    "remote_group_id": "security_groups",
    "remote_address_group_id": "address_groups",
}
E = TypeVar("E", bound=Strict)
E_co = TypeVar("E_co", bound=Strict, covariant=True)


@dataclass(frozen=True, slots=True)
class Item(Generic[E_co]):
    """An entry and the place where it stands."""

    entry: E_co
    tree: Tree
    path: Path

    def problem(self, message: str, *steps: str | int) -> Problem:
        """Place a message at one of the entry's fields, or at the entry itself."""
        return self.tree.problem((*self.path, *steps), message)

    def written(self, *steps: str | int) -> object:
        """Return what the file says in one of the entry's fields."""
        data = self.tree.data
        for step in (*self.path, *steps):
            data = data[step]  # type: ignore[index]
        return data


@dataclass(frozen=True, slots=True)
class Reference:
    """A place where one object names another."""

    section: str
    """Of the one that is named."""
    text: str
    tree: Tree
    path: Path


@dataclass(slots=True)
class Draft:
    """The entries of a set of files, and what is wrong with the others."""

    networks: list[Item[NetworkEntry]] = field(default_factory=list)
    address_groups: list[Item[AddressGroupEntry]] = field(default_factory=list)
    groups: list[Item[GroupEntry]] = field(default_factory=list)
    rules: list[tuple[str, Item[RuleEntry]]] = field(default_factory=list)
    """With the id of the group each belongs to."""
    ports: list[Item[PortEntry]] = field(default_factory=list)
    unread: set[tuple[str, str]] = field(default_factory=set)
    """Section and id of entries that could not be read, so that nobody misses them."""
    references: list[Reference] = field(default_factory=list)
    """All of them, those of entries that could not be read included."""
    problems: list[Problem] = field(default_factory=list)


def read(sources: Iterable[tuple[str, bytes]]) -> Draft:
    """Read files, given as names and contents; problems are collected, not raised."""
    draft = Draft()
    for file, content in sources:
        try:
            tree = read_tree(file, content)
        except BadManifest as error:
            draft.problems += error.problems
            continue
        found = _unique([*tree.problems(), *_read_sections(draft, tree)])
        draft.problems += found
    return draft


def _unique(problems: list[Problem]) -> Iterator[Problem]:
    """Yield the first problem of each place: what follows from it would only confuse."""
    seen = set()
    for problem in problems:
        if (place := problem[:3]) not in seen:
            seen.add(place)
            yield problem


def _read_sections(draft: Draft, tree: Tree) -> Iterator[Problem]:
    accepted = ", ".join(SECTIONS)
    if not isinstance(tree.data, dict) or not tree.data:
        nothing = "holds no policy" if tree.data in (None, {}, "") else "is no mapping"
        yield tree.problem((), f"{nothing}; accepted: the sections {accepted}")
        return
    for section, items in tree.data.items():
        if section not in SECTIONS:
            yield tree.problem((section,), unknown_key(section, list(SECTIONS)))
        elif not isinstance(items, list):
            yield tree.problem((section,), "is no list; accepted: entries that begin with '- '")
        else:
            for index, data in enumerate(items):
                yield from _read_entry(draft, tree, (section, index), data)


def _read_entry(draft: Draft, tree: Tree, path: Path, data: object) -> Iterator[Problem]:
    section = str(path[0])
    read_as = SECTIONS[section]
    item = yield from _validated(read_as, tree, path, data)
    draft.references += _references(tree, path, data)
    if item is not None and not item.entry.key:
        yield tree.problem((*path, "name"), "is missing; accepted: a name, or an id")
    elif item is None:
        draft.unread |= {(section, name) for name in _names(data)}
    elif isinstance(item.entry, NetworkEntry):
        draft.networks.append(Item(item.entry, tree, path))
    elif isinstance(item.entry, AddressGroupEntry):
        draft.address_groups.append(Item(item.entry, tree, path))
    elif isinstance(item.entry, GroupEntry):
        draft.groups.append(Item(item.entry, tree, path))
    elif isinstance(item.entry, PortEntry):
        draft.ports.append(Item(item.entry, tree, path))
    if read_as is GroupEntry:
        yield from _read_rules(draft, tree, path, data)


def _read_rules(draft: Draft, tree: Tree, path: Path, group: object) -> Iterator[Problem]:
    rules = group.get("rules") if isinstance(group, dict) else None
    names = _names(group)
    for index, data in enumerate(rules if isinstance(rules, list) else []):
        place = (*path, "rules", index)
        item = yield from _validated(RuleEntry, tree, place, data)
        draft.references += _references(tree, place, data)
        if item is not None and names:
            draft.rules.append((names[0], item))


def _validated(
    read_as: type[E], tree: Tree, path: Path, data: object
) -> Generator[Problem, None, Item[E] | None]:
    try:
        return Item(read_as.model_validate(data), tree, path)
    except ValidationError as error:
        for one in error.errors():
            place = (*path, *one["loc"])
            yield tree.problem(place, complaint(one, read_as))
    return None


def _references(tree: Tree, path: Path, data: object) -> Iterator[Reference]:
    if not isinstance(data, dict):
        return
    for field_name, section in _REFERENCES.items():
        given = data.get(field_name)
        if isinstance(given, str):
            yield Reference(section, given, tree, (*path, field_name))
        for index, text in enumerate(given if isinstance(given, list) else []):
            if isinstance(text, str):
                yield Reference(section, text, tree, (*path, field_name, index))


def _names(data: object) -> list[str]:
    """Return what an entry calls itself, its id first, whatever else is wrong with it."""
    given = [data.get("id"), data.get("name")] if isinstance(data, dict) else []
    return [name for name in given if isinstance(name, str)]
