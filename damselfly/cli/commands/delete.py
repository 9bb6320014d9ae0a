"""``damselfly delete``: take one object out of the store, with what belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import rich_click as click

from damselfly.cli.changing import wait_options
from damselfly.cli.effects import carry_out_and_show
from damselfly.cli.naming import complete_kinds, complete_names, kind_of, named
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput
from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Subnet
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.closing import namers_of
from damselfly.northbound.codec import Stored, key_of
from damselfly.northbound.manifest import Plan, without
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Contents

_LISTED = 5


@click.command()
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", shell_complete=complete_names)
@wait_options
@shared_options
def delete(settings: Settings, kind: str, name: str, patience: float | None) -> None:
    """Delete a network, subnet, port, address group, group or rule.

    A network goes with its subnets, a group with its rules.  What others still refer to is not
    deleted; they are named.
    """
    found = kind_of(kind)
    run(carry_out_and_show(settings, partial(_plan, kind=found, name=name), patience))


def _plan(contents: Contents, kind: str, name: str) -> Plan:
    reader = PolicyReader(contents)
    key = _unreadable(reader, kind, name)
    if key is None:
        thing = named(reader.snapshot, kind, name)
        users = sorted(_users(reader.snapshot, thing))
        if users:
            more = f" and {len(users) - _LISTED} more" if len(users) > _LISTED else ""
            raise BadInput(
                f"{kind} {thing.id} is in use by {', '.join(users[:_LISTED])}{more}; "
                "delete or change those first"
            )
        key = key_of(thing)
    return without(contents, key)


def _unreadable(reader: PolicyReader, kind: str, name: str) -> str | None:
    """Return the key of an object that cannot be read but can be deleted."""
    if kind not in keys.KEY_OF:
        return None
    key = keys.KEY_OF[kind](name)
    return key if key in reader.unreadable else None


def _users(view: Snapshot, thing: Stored) -> Iterator[str]:
    match thing:
        case Network():
            yield from (f"port {name}" for name in view.ports_on.get(thing.id, ()))
        case AddressGroup():
            yield from (f"rule {rule.id}" for rule in namers_of(view, thing.id))
        case SecurityGroup():
            yield from (f"port {name}" for name in view.wearers.get(thing.id, ()))
            yield from (
                f"rule {rule.id}"
                for group in view.groups.values()
                for rule in group.rules
                if rule.remote_group_id == thing.id != group.id
            )
        case Subnet():
            for name in view.ports_on.get(thing.network_id, ()):
                if any(ip.value in thing.cidr and ip.family is thing.cidr.family
                       for ip in view.ports[name].fixed_ips):  # fmt: skip
                    yield f"port {name}"
        case Rule():
            return
