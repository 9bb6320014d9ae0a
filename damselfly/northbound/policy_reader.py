"""From what the store holds to the view that the pure layers work on.

An object that cannot be read never stops the others.  It is named in ``problems`` and fails closed:
an unreadable port stays shut, an unreadable rule is missing from its group, the ports that wear an
unreadable group, or that are on an unreadable network, stay shut, and what names an unreadable
address group matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from damselfly.errors import BadInput
from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Subnet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of

from . import keys
from .closing import clashes, closed_ports, dangling
from .codec import Stored, decode, quick_rule
from .store import Commit, Contents

_Touched = dict[tuple[type[Thing], str], Thing | None]
_KINDS: dict[str, type[Thing]] = {
    keys.NETWORK: Network,
    keys.SUBNET: Subnet,
    keys.PORT: Port,
    keys.ADDRESS_GROUP: AddressGroup,
}


class PolicyReader:
    """The current view, made from a store's contents and kept up with its commits."""

    def __init__(self, contents: Contents) -> None:
        """Read everything; keys that hold no policy are passed over."""
        self._headers: dict[str, SecurityGroup] = {}
        self._rules: dict[str, dict[str, Rule]] = {}
        self.unreadable: dict[str, str] = {}
        """Keys whose objects cannot be read, with the reason."""
        self.snapshot: Snapshot = snapshot_of(revision=contents.revision)
        self.problems: Mapping[str, str] = {}
        """Everything that is wrong, by key: ``unreadable``, and references to what is not there."""
        self._take(contents.revision, contents.objects.items())

    def apply(self, commit: Commit) -> Snapshot:
        """Follow one commit; return the new view."""
        self._take(commit.revision, commit.changes)
        return self.snapshot

    def _take(self, revision: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        touched: _Touched = {}
        groups: dict[str, None] = {}
        for key, value in changes:
            rule = None if value is None else quick_rule(key, value)
            if rule is not None:
                self.unreadable.pop(key, None)
                self._rules.setdefault(rule.security_group_id, {})[rule.id] = rule
                groups[rule.security_group_id] = None
                continue
            kind, ids = keys.parse(key)
            if kind in keys.POLICY and not keys.is_regular(key):
                self._take_stray(key, value)
            elif kind in _KINDS:
                thing = self._read(key, value)
                assert not isinstance(thing, Rule)
                touched[_KINDS[kind], ids[0]] = thing
            elif kind == keys.GROUP:
                self._take_header(key, ids[0], value)
                groups[ids[0]] = None
            elif kind == keys.RULE:
                self._take_rule(key, ids, value)
                groups[ids[0]] = None
        for group_id in groups:
            touched[SecurityGroup, group_id] = self._group(group_id)
        self._evolve(revision, touched)

    def _take_stray(self, key: str, value: bytes | None) -> None:
        if value is None:
            self.unreadable.pop(key, None)
        else:
            self.unreadable[key] = "the key names no object of its kind"

    def _read(self, key: str, value: bytes | None) -> Stored | None:
        self.unreadable.pop(key, None)
        if value is None:
            return None
        try:
            return decode(key, value)
        except BadInput as error:
            self.unreadable[key] = str(error).removeprefix(f"{key}: ")
            return None

    def _take_header(self, key: str, group_id: str, value: bytes | None) -> None:
        header = self._read(key, value)
        if isinstance(header, SecurityGroup):
            self._headers[group_id] = header
        else:
            self._headers.pop(group_id, None)

    def _take_rule(self, key: str, ids: tuple[str, ...], value: bytes | None) -> None:
        rule = self._read(key, value)
        rules = self._rules.setdefault(ids[0], {})
        if isinstance(rule, Rule):
            rules[rule.id] = rule
        else:
            rules.pop(ids[-1], None)

    def _group(self, group_id: str) -> SecurityGroup | None:
        rules = self._rules.get(group_id, {})
        if not rules:
            self._rules.pop(group_id, None)
        header = self._headers.get(group_id)
        ordered = tuple(rules[rule_id] for rule_id in sorted(rules))
        return None if header is None else replace(header, rules=ordered)

    def _evolve(self, revision: int, touched: _Touched) -> None:
        put = [thing for thing in touched.values() if thing is not None]
        drop = [place for place, thing in touched.items() if thing is None]
        view = self.snapshot.evolve(revision, put, drop)
        closed = closed_ports(view, self.unreadable)
        self.snapshot = view if closed == view.closed else view.evolve(revision, closed=closed)
        self.problems = {**dict(dangling(view)), **dict(clashes(view)), **self.unreadable}
