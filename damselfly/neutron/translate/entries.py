"""The store's entries of a resource, and whose entry a key is."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from damselfly.model.network import Router, RouterInterface
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, write, write_topology, written_together

from .targets import Kind, Target

_ONE_ID: MappingProxyType[Kind, Callable[[str], str]] = MappingProxyType({
    Kind.NETWORK: keys.network,
    Kind.SUBNET: keys.subnet,
    Kind.PORT: keys.port,
    Kind.GROUP: keys.group,
    Kind.ADDRESS_GROUP: keys.address_group,
    Kind.ROUTER: keys.router,
})  # fmt: skip
_TWO_IDS: MappingProxyType[Kind, Callable[[str, str], str]] = MappingProxyType({
    Kind.RULE: keys.rule,
    Kind.INTERFACE: keys.router_interface,
})  # fmt: skip
_KIND_OF = {
    keys.NETWORK: Kind.NETWORK,
    keys.SUBNET: Kind.SUBNET,
    keys.PORT: Kind.PORT,
    keys.GROUP: Kind.GROUP,
    keys.RULE: Kind.RULE,
    keys.ADDRESS_GROUP: Kind.ADDRESS_GROUP,
    keys.ROUTER: Kind.ROUTER,
    keys.ROUTER_INTERFACE: Kind.INTERFACE,
}


def guards(target: Target) -> str:
    """Return the key that every writer of the resource compares and swaps."""
    if target.kind in _TWO_IDS:
        return _TWO_IDS[target.kind](target.parent, target.id)
    return _ONE_ID[target.kind](target.id)


def entries(thing: Stored | Router | RouterInterface) -> dict[str, bytes]:
    """Return all that is stored of a resource, the index entries included."""
    if isinstance(thing, Router | RouterInterface):
        changes = [write_topology(thing)]
    else:
        changes = [write(thing), *written_together(thing)]
    return {key: value for key, value in changes if value is not None}


def target_of(key: str) -> Target | None:
    """Return whose entry a key is, None where Neutron has nothing to say about it.

    Of a segment's number the key does not tell which network has it.
    """
    kind, ids = keys.parse(key)
    if kind in (keys.MEMBER, keys.NETWORK_PORT) and len(ids) == 2:
        return Target(Kind.PORT, ids[1])
    if kind == keys.NETWORK_SUBNET and len(ids) == 2:
        return Target(Kind.SUBNET, ids[1])
    ours = _KIND_OF.get(kind)
    if ours is None:
        return None
    if ours in _TWO_IDS and len(ids) == 2:
        return Target(ours, ids[1], ids[0])
    if ours in _ONE_ID and len(ids) == 1:
        return Target(ours, ids[0])
    return None
