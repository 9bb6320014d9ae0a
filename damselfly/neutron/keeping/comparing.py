"""All differences between what the store holds and what it should hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from damselfly.neutron.translate import Kind, Target, entries, guards, target_of
from damselfly.northbound import keys

from .parties import Found

PREFIXES = (*keys.POLICY_PREFIXES, *keys.INDEX_PREFIXES, *keys.TOPOLOGY_PREFIXES)
"""Everything of which Neutron is the only master; not what agents say of themselves."""


class Difference(NamedTuple):
    """What the store holds of a resource, and what it should."""

    target: Target | None
    """None: of nothing that Neutron could know."""
    actual: Mapping[str, bytes]
    wanted: Mapping[str, bytes]

    @property
    def is_beside(self) -> bool:
        """Tell whether the resource itself is right, but not what is to stand and fall with it."""
        if self.target is None:
            return True
        guard = guards(self.target)
        return self.actual.get(guard) == self.wanted.get(guard)

    def __str__(self) -> str:
        """Say what is wrong, in one line."""
        missing = sorted(set(self.wanted) - set(self.actual))
        surplus = sorted(set(self.actual) - set(self.wanted))
        wrong = sorted(
            key for key, value in self.wanted.items() if self.actual.get(key, value) != value
        )
        parts = {"missing": missing, "surplus": surplus, "different": wrong}
        said = "; ".join(f"{word} {', '.join(found)}" for word, found in parts.items() if found)
        return f"{self.target or 'unknown'}: {said}"


def differences(
    stored: Mapping[str, bytes], everything: Mapping[Target, Found]
) -> Iterator[Difference]:
    """Yield what differs, resource by resource, those that others refer to first."""
    actual: dict[Target | None, dict[str, bytes]] = {}
    for key, value in stored.items():
        actual.setdefault(_owner(key, value), {})[key] = value
    wanted = {target: _entries(found) for target, found in everything.items()}
    order = list(Kind)
    targets = sorted(
        (one for one in {*actual, *wanted} if one is not None),
        key=lambda one: (order.index(one.kind), one.parent, one.id),
    )
    for target in targets:
        here, there = actual.get(target, {}), wanted.get(target, {})
        if here != there:
            yield Difference(target, here, there)
    if None in actual:
        yield Difference(None, actual[None], {})


def _entries(found: Found) -> dict[str, bytes]:
    return {} if found.thing is None else entries(found.thing)


def _owner(key: str, value: bytes) -> Target | None:
    if keys.parse(key).kind != keys.SEGMENT:
        return target_of(key)
    try:
        network_id = json.loads(value)["network_id"]
    except (ValueError, TypeError, KeyError):
        return None
    return Target(Kind.NETWORK, network_id) if isinstance(network_id, str) else None
