"""What people type and which objects they mean; and what the shell may complete it to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

import rich_click as click

from damselfly.errors import BadInput, DamselflyError
from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Subnet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored
from damselfly.northbound.policy_reader import PolicyReader

from .changing import read_policy
from .settings import Settings

Thing = TypeVar("Thing", bound=Stored)
KINDS = ("networks", "subnets", "ports", "address-groups", "groups", "rules")
_KIND_OF = {
    "networks": keys.NETWORK, "network": keys.NETWORK, "net": keys.NETWORK, "nets": keys.NETWORK,
    "subnets": keys.SUBNET, "subnet": keys.SUBNET,
    "ports": keys.PORT, "port": keys.PORT,
    "address-groups": keys.ADDRESS_GROUP, "address-group": keys.ADDRESS_GROUP,
    "address_groups": keys.ADDRESS_GROUP, "address_group": keys.ADDRESS_GROUP,
    "groups": keys.GROUP, "group": keys.GROUP, "sg": keys.GROUP,
    "security_groups": keys.GROUP, "security_group": keys.GROUP,
    "security-groups": keys.GROUP, "security-group": keys.GROUP,
    "rules": keys.RULE, "rule": keys.RULE,
}  # fmt: skip


def kind_of(word: str) -> str:
    """Return the kind of object that a word means.  Raises BadInput."""
    kind = _KIND_OF.get(word.lower())
    if kind is None:
        near = get_close_matches(word.lower(), _KIND_OF, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise BadInput(f"there is no kind {word!r}{hint}; accepted: {', '.join(KINDS)}")
    return kind


def things(view: Snapshot, kind: str) -> list[Stored]:
    """List the objects of a kind, by name and id."""
    tables: dict[str, Iterable[Stored]] = {
        keys.NETWORK: view.networks.values(),
        keys.SUBNET: view.subnets.values(),
        keys.PORT: view.ports.values(),
        keys.ADDRESS_GROUP: view.address_groups.values(),
        keys.GROUP: view.groups.values(),
        keys.RULE: (rule for group in view.groups.values() for rule in group.rules),
    }
    return sorted(tables[kind], key=lambda thing: (name_of(thing), thing.id))


def name_of(thing: Stored) -> str:
    """Return an object's name; a rule goes by its group, a subnet by its network."""
    match thing:
        case Rule():
            return thing.security_group_id
        case Subnet():
            return thing.network_id
        case Network() | Port() | AddressGroup() | SecurityGroup():
            return thing.name or thing.id


def named(view: Snapshot, kind: str, text: str) -> Stored:
    """Return the one object that an id, or a name that only one has, means.  Raises BadInput."""
    listed = things(view, kind)
    found = [thing for thing in listed if thing.id == text]
    if not found and kind not in (keys.RULE, keys.SUBNET):
        found = [thing for thing in listed if name_of(thing) == text]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(_full_id(thing) for thing in found)
        raise BadInput(f"{text!r} means {len(found)} {kind}s: {ids}")
    words = {word for thing in listed for word in (thing.id, name_of(thing))}
    near = get_close_matches(text, words, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise BadInput(f"there is no {kind} {text!r}{hint}")


def _full_id(thing: Stored) -> str:
    return f"{thing.security_group_id}/{thing.id}" if isinstance(thing, Rule) else thing.id


def complete_kinds(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Offer the kinds of objects."""
    return [kind for kind in (*KINDS, "all") if kind.startswith(incomplete)]


def complete_names(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the ids of the kind that was typed before."""
    try:
        kind = kind_of(context.params.get("kind") or "ports")
        view = asyncio.run(_view(context))
    except DamselflyError:
        return []
    ids = (thing.id for thing in things(view, kind))
    return sorted(name for name in ids if name.startswith(incomplete))


def complete_ports(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Offer the ports' names."""
    try:
        view = asyncio.run(_view(context))
    except DamselflyError:
        return []
    names = {port.name or port.id for port in view.ports.values()}
    return sorted(name for name in names if name.startswith(incomplete))


async def _view(context: click.Context) -> Snapshot:
    settings = context.find_root().obj or Settings()
    store = context.params.get("store") or context.find_root().params.get("store")
    if store is not None:
        settings.store = store
    async with settings.opened() as opened:
        return PolicyReader(await read_policy(opened)).snapshot
