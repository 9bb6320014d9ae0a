"""Which keys stand and fall with which object."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from damselfly.northbound import keys
from damselfly.northbound.store import Contents


class Owner(NamedTuple):
    """An object that owns keys: a network, a group, an address group or a port."""

    kind: str
    id: str


class _Owned(BaseModel):
    network_id: str


def owners(contents: Contents) -> dict[str, Owner]:
    """Map every policy and index key to its owner.

    A subnet or a segment that cannot be read has no owner but itself.
    """
    return {
        key: _owner(key, value)
        for key, value in contents.objects.items()
        if not key.startswith(f"/{keys.STATUS}/")
    }


def _owner(key: str, value: bytes) -> Owner:
    kind, ids = keys.parse(key)
    if kind in (keys.SUBNET, keys.SEGMENT):
        try:
            return Owner(keys.NETWORK, _Owned.model_validate_json(value).network_id)
        except ValidationError:
            return Owner(kind, ids[0])
    if kind == keys.NETWORK_SUBNET:
        return Owner(keys.NETWORK, ids[0])
    if kind in (keys.MEMBER, keys.NETWORK_PORT):
        return Owner(keys.PORT, ids[-1])
    if kind == keys.RULE:
        return Owner(keys.GROUP, ids[0])
    return Owner(kind, ids[0])
