"""Make a store hold exactly what another one, or a file, holds: in one commit, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from damselfly.errors import BadInput
from damselfly.northbound.store import STATUS, Change, Contents, Store


@dataclass(frozen=True, slots=True)
class Replaced:
    """What was done to a store."""

    revision: int
    objects: int
    """That it holds now."""
    written: int
    deleted: int


async def whole_policy(store: Store) -> Contents:
    """Read all but what agents say of themselves: what this version does not know as well."""
    contents = await store.read()
    objects = {key: each for key, each in contents.objects.items() if not key.startswith(STATUS)}
    return Contents(contents.revision, objects)


async def replace(store: Store, wanted: Mapping[str, bytes], *, replacing: bool) -> Replaced:
    """Write what differs and delete what is not wanted; what agents say is left alone.

    Raises BadInput where the store holds other policy and ``replacing`` is not allowed, Conflict
    where somebody wrote to it meanwhile.
    """
    held = await whole_policy(store)
    gone = [key for key in held.objects if key not in wanted]
    other = [key for key, value in held.objects.items() if wanted.get(key) != value]
    if other and not replacing:
        raise BadInput(
            f"the store holds {len(held.objects)} objects already, {len(other)} of them other ones "
            f"(such as {min(other)}); --replace puts the new ones in their place"
        )
    changes = _difference(held, wanted) + [Change(key, None) for key in gone]
    if not changes:
        return Replaced(held.revision, len(wanted), 0, 0)
    expected = {change.key: held.objects.get(change.key) for change in changes}
    revision = await store.commit(changes, expected)
    return Replaced(revision, len(wanted), len(changes) - len(gone), len(gone))


def _difference(held: Contents, wanted: Mapping[str, bytes]) -> list[Change]:
    differing = (key for key, value in wanted.items() if held.objects.get(key) != value)
    return [Change(key, wanted[key]) for key in sorted(differing)]
