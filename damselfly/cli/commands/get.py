"""``damselfly get``: show what the store holds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import rich_click as click

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.naming import complete_kinds, complete_names, kind_of, name_of, named, things
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.cli.traffic.uses import HostUses, host_uses, use_of
from damselfly.model.group import ICMP_PROTOCOLS, PROTOCOL_NAMES, AddressGroup, Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.codec import Stored, fields_of
from damselfly.northbound.manifest import as_manifest
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.policy.meaning import why_nothing

_COLUMNS = {
    keys.NETWORK: ("id", "name", "segmentation_id", "ports", "subnets"),
    keys.SUBNET: ("id", "network_id", "cidr", "gateway_ip", "dhcp_ip"),
    keys.PORT: ("id", "name", "network_id", "mac_address", "addresses", "security_groups", "host"),
    keys.ADDRESS_GROUP: ("id", "name", "addresses", "named_by"),
    keys.GROUP: ("id", "name", "rules", "ports", "stateful"),
    keys.RULE: (
        "group", "id", "direction", "ethertype", "protocol", "ports", "remote",
        "admitted", "last", "note",
    ),
}  # fmt: skip


@click.command()
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", required=False, shell_complete=complete_names)
@shared_options
def get(settings: Settings, kind: str, name: str | None) -> None:
    """Show networks, subnets, ports, address-groups, groups, rules, or all.

    NAME is an id or a name; for rules also a group.  `get all -o yaml` prints a file that `apply`
    takes.
    """
    seen = run(_read(settings, kind))
    for key, why in seen.problems.items():
        output.note(f"problem: {key}: {why}")
    view = seen.view
    if kind == "all" and name is None:
        _show_all(settings, seen)
        return
    found = kind_of(kind)
    if name is None:
        _show(settings, seen, found, things(view, found))
    elif found == keys.RULE and name in view.groups:
        _show(settings, seen, found, list(view.groups[name].rules))
    elif settings.output == "table":
        _show(settings, seen, found, [named(view, found, name)])
    else:
        output.data(_data(named(view, found, name), seen), settings.output)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read to answer."""

    view: Snapshot
    problems: Mapping[str, str]
    hosts: list[HostUses]
    """What hosts say of the use of rules, where that was asked for."""


async def _read(settings: Settings, kind: str) -> _Seen:
    rules = kind != "all" and kind_of(kind) == keys.RULE
    async with settings.opened() as store:
        reader = PolicyReader(await read_policy(store))
        hosts = await host_uses(store) if rules else []
    return _Seen(reader.snapshot, reader.problems, hosts)


def _show_all(settings: Settings, seen: _Seen) -> None:
    if settings.output != "table":
        output.data(as_manifest(seen.view), settings.output)
        return
    for kind in _COLUMNS:
        output.say(f"{kind}s", style="bold")
        _show(settings, seen, kind, things(seen.view, kind))
        output.say("")


def _show(settings: Settings, seen: _Seen, kind: str, found: list[Stored]) -> None:
    if settings.output != "table":
        output.data([_data(thing, seen) for thing in found], settings.output)
        return
    columns = _COLUMNS[kind]
    rows = [{**fields_of(thing), **_extra(thing, seen)} for thing in found]
    output.table(columns, [[row.get(column) for column in columns] for row in rows])


def _data(thing: Stored, seen: _Seen) -> dict[str, object]:
    fields = fields_of(thing)
    if isinstance(thing, Rule):
        use = use_of(thing, seen.hosts)
        admitted, last_at = (None, None) if use is None else use
        return {**fields, "admitted": admitted, "last_admitted_at": last_at}
    rules = getattr(thing, "rules", None)
    return fields if rules is None else {**fields, "rules": [fields_of(rule) for rule in rules]}


def _extra(thing: Stored, seen: _Seen) -> dict[str, object]:
    """Return what a table shows in a form, or in a place, of its own."""
    view = seen.view
    match thing:
        case Rule():
            return {
                **_used(thing, seen),
                "group": thing.security_group_id,
                "ports": _ports(thing),
                "protocol": "any" if thing.protocol is None else _protocol(thing.protocol),
                "remote": _remote(thing),
                "note": _note(thing, view),
            }
        case AddressGroup():
            return {
                "name": name_of(thing),
                "addresses": [str(each) for each in thing.addresses],
                "named_by": sorted(view.namers.get(thing.id, ())),
            }
    return {
        "name": name_of(thing),
        "ports": len(view.ports_on.get(thing.id, ()) or view.wearers.get(thing.id, ())),
        "subnets": [view.subnets[one].cidr for one in sorted(view.subnets_on.get(thing.id, ()))],
        "rules": len(getattr(thing, "rules", ())),
        "addresses": [str(ip) for ip in getattr(thing, "fixed_ips", ())],
    }


def _used(rule: Rule, seen: _Seen) -> dict[str, object]:
    use = use_of(rule, seen.hosts)
    if use is None:
        return {}
    last = None if use.last_at is None else output.ago(time.time() - use.last_at)
    return {"admitted": use.admitted, "last": last}


def _remote(rule: Rule) -> str:
    if rule.remote_ip_prefix is not None:
        return str(rule.remote_ip_prefix)
    if rule.remote_address_group_id is not None:
        return f"address group {rule.remote_address_group_id}"
    return "any" if rule.remote_group_id is None else f"group {rule.remote_group_id}"


def _note(rule: Rule, view: Snapshot) -> str:
    why = why_nothing(rule, view)
    return "" if why is None else f"matches nothing: {why}"


def _ports(rule: Rule) -> str:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None:
        return "any"
    if rule.protocol in ICMP_PROTOCOLS:
        return f"type {low}" + ("" if high is None else f" code {high}")
    return str(low) if low == high else f"{low}-{high}"


def _protocol(number: int) -> str:
    return PROTOCOL_NAMES.get(number, str(number))
