"""Single values of Neutron's dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from damselfly.errors import BadInput
from damselfly.model.address import Prefix
from damselfly.model.network import Route

Fields = Mapping[str, Any]
"""A resource as Neutron's plugins return it."""


def label(value: str | None) -> str:
    """Return a name for display; Neutron's may hold line breaks and the like, ours may not."""
    kept = (" " if ord(one) < 0x20 or ord(one) == 0x7F else one for one in value or "")
    return "".join(kept)[:255]


def prefix(value: object, field: str) -> Prefix:
    """Read an address or a prefix; host bits are cleared.  Raises BadInput."""
    try:
        return Prefix.parse(str(value))
    except ValueError:
        raise BadInput(f"{field}: {value!r} is no IP address or prefix") from None


def address(value: object, field: str) -> Prefix | None:
    """Read an address that may be missing.  Raises BadInput."""
    return None if not value else prefix(value, field)


def routes(values: Iterable[Fields], field: str) -> tuple[Route, ...]:
    """Read routes, in one order whatever the database's."""
    read = (
        Route(prefix(one["destination"], field), prefix(one["nexthop"], field)) for one in values
    )
    return tuple(sorted(read, key=str))


def in_order(prefixes: Iterable[Prefix]) -> tuple[Prefix, ...]:
    """Return addresses by family and value: the database gives them in any order."""
    return tuple(sorted(prefixes, key=lambda one: (one.family.version, one.value, one.length)))
