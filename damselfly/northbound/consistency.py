"""Whether what the store holds is sound: objects that can be read, references, index entries.

Pure: contents in, findings and changes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from damselfly.model.snapshot import Snapshot

from . import keys
from .codec import Stored, written_together
from .policy_reader import PolicyReader
from .store import STATUS, Change, Contents


class Finding(NamedTuple):
    """Something that is not as it should be."""

    key: str
    what: str


def findings(contents: Contents) -> list[Finding]:
    """Name everything that is wrong with the policy and its index entries, by key."""
    reader = PolicyReader(contents)
    found = [Finding(key, what) for key, what in reader.problems.items()]
    found += _dangling(reader.snapshot, contents)
    found += [Finding(change.key, what) for change, what in _index(reader, contents)]
    known = {*keys.POLICY, *keys.INDEX, keys.ROUTER, keys.ROUTER_INTERFACE}
    found += [
        Finding(key, "is of no kind that this version knows")
        for key in contents.objects
        if not key.startswith(STATUS) and keys.parse(key).kind not in known
    ]
    return sorted(found)


def repairs(contents: Contents) -> list[Change]:
    """Return the changes that put the index entries right; policy itself is never touched."""
    return sorted(change for change, _ in _index(PolicyReader(contents), contents))


def _dangling(view: Snapshot, contents: Contents) -> Iterator[Finding]:
    for subnet in view.subnets.values():
        if subnet.network_id not in view.networks:
            missing = f"network_id: there is no network {subnet.network_id}"
            yield Finding(keys.subnet(subnet.id), missing)
    for group in view.groups.values():
        for rule in group.rules:
            remote = rule.remote_group_id
            if remote is not None and remote not in view.groups:
                missing = f"remote_group_id: there is no group {remote}"
                yield Finding(keys.rule(group.id, rule.id), missing)
    for key in contents.objects:
        kind, ids = keys.parse(key)
        if kind == keys.RULE and keys.group(ids[0]) not in contents.objects:
            yield Finding(key, f"there is no group {ids[0]}")


def _index(reader: PolicyReader, contents: Contents) -> Iterator[tuple[Change, str]]:
    """Yield what would put each wrong index entry right, and what is wrong with it."""
    wanted = _wanted(reader.snapshot)
    for key, value in wanted.items():
        held = contents.objects.get(key)
        if held is None:
            yield Change(key, value), "the index entry is missing"
        elif held != value:
            yield Change(key, value), "the index entry does not say what its object says"
    for key in contents.objects:
        if keys.parse(key).kind in keys.INDEX and key not in wanted and not _in_doubt(key, reader):
            yield Change(key, None), "the index entry has no object"


def _wanted(view: Snapshot) -> Mapping[str, bytes | None]:
    things: list[Stored] = [*view.networks.values(), *view.subnets.values(), *view.ports.values()]
    # Of two networks with one number the first by id has it, as everywhere.
    things.sort(key=lambda thing: thing.id, reverse=True)
    return {change.key: change.value for thing in things for change in written_together(thing)}


def _in_doubt(key: str, reader: PolicyReader) -> bool:
    """Tell whether the entry may belong to an object that cannot be read."""
    kind, ids = keys.parse(key)
    if kind == keys.SEGMENT:
        return any(keys.parse(each).kind == keys.NETWORK for each in reader.unreadable)
    owner = keys.subnet if kind == keys.NETWORK_SUBNET else keys.port
    return owner(ids[-1]) in reader.unreadable
