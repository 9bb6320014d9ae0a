"""References: an id, or a name that only one object has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from damselfly.model.snapshot import Snapshot

from .text import Draft, Problem


class Names:
    """The ids of one kind of object, and the names by which they may be called."""

    def __init__(self, what: str, known: Iterable[tuple[str, str]], unread: Iterable[str]) -> None:
        """Know objects by id and name; ``unread`` are names of which nothing else is known."""
        self._what = what
        self._ids: set[str] = set(unread)
        self._by_name: dict[str, set[str]] = {}
        for key, name in known:
            self._ids.add(key)
            if name:
                self._by_name.setdefault(name, set()).add(key)

    def find(self, text: str) -> str | None:
        """Return the id that is meant, or None where there is not just one."""
        try:
            return self.resolve(text)
        except ValueError:
            return None

    def resolve(self, text: str) -> str:
        """Return the id that is meant.  Raises ValueError that says what there is."""
        if text in self._ids:
            return text
        called = self._by_name.get(text, set())
        if len(called) > 1:
            raise ValueError(f"{text!r} names {len(called)} {self._what}s: {_listed(called)}")
        if called:
            return next(iter(called))
        names = self._ids | self._by_name.keys()
        near = get_close_matches(text, names, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        accepted = f"one of {_listed(names)}" if names else "none, for there is none yet"
        raise ValueError(f"there is no {self._what} {text!r}{hint}; accepted: {accepted}")


def _listed(names: Iterable[str], most: int = 10) -> str:
    ordered = sorted(names)
    rest = len(ordered) - most
    return ", ".join(ordered[:most]) + (f" and {rest} more" if rest > 0 else "")


class Directory:
    """Everything that a manifest may refer to: its own objects and those that stay."""

    def __init__(self, draft: Draft, base: Snapshot) -> None:
        """Know the entries of the draft, and the objects of the base."""
        networks = [(item.entry.key, item.entry.name) for item in draft.networks]
        groups = [(item.entry.key, item.entry.name) for item in draft.groups]
        lists = [(item.entry.key, item.entry.name) for item in draft.address_groups]
        networks += [(network.id, network.name) for network in base.networks.values()]
        groups += [(group.id, group.name) for group in base.groups.values()]
        lists += [(listed.id, listed.name) for listed in base.address_groups.values()]
        self.networks = Names("network", networks, _unread(draft, "networks"))
        self.groups = Names("security group", groups, _unread(draft, "security_groups"))
        self.address_groups = Names("address group", lists, _unread(draft, "address_groups"))
        self._sections = {
            "networks": self.networks,
            "security_groups": self.groups,
            "address_groups": self.address_groups,
        }

    def problems(self, draft: Draft) -> Iterator[Problem]:
        """Yield every reference of the draft that leads nowhere."""
        for reference in draft.references:
            try:
                self._sections[reference.section].resolve(reference.text)
            except ValueError as error:
                yield reference.tree.problem(reference.path, str(error))


def _unread(draft: Draft, section: str) -> Iterator[str]:
    return (name for kind, name in draft.unread if kind == section)
