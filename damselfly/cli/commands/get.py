"""``damselfly get``: show what the store holds."""

from __future__ import annotations

import rich_click as click

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.naming import complete_kinds, complete_names, kind_of, name_of, named, things
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.model.group import ICMP_PROTOCOLS, PROTOCOL_NAMES, Rule
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
    keys.GROUP: ("id", "name", "rules", "ports", "stateful"),
    keys.RULE: ("group", "id", "direction", "ethertype", "protocol", "ports", "remote", "note"),
}


@click.command()
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", required=False, shell_complete=complete_names)
@shared_options
def get(settings: Settings, kind: str, name: str | None) -> None:
    """Show networks, subnets, ports, groups, rules, or all.

    NAME is an id or a name; for rules also a group.  `get all -o yaml` prints a file that `apply`
    takes.
    """
    reader = run(_read(settings))
    for key, why in reader.problems.items():
        output.note(f"problem: {key}: {why}")
    if kind == "all" and name is None:
        _show_all(settings, reader.snapshot)
        return
    found = kind_of(kind)
    if name is None:
        _show(settings, reader.snapshot, found, things(reader.snapshot, found))
    elif found == keys.RULE and name in reader.snapshot.groups:
        _show(settings, reader.snapshot, found, list(reader.snapshot.groups[name].rules))
    elif settings.output == "table":
        _show(settings, reader.snapshot, found, [named(reader.snapshot, found, name)])
    else:
        output.data(_data(named(reader.snapshot, found, name)), settings.output)


async def _read(settings: Settings) -> PolicyReader:
    async with settings.opened() as store:
        return PolicyReader(await read_policy(store))


def _show_all(settings: Settings, view: Snapshot) -> None:
    if settings.output != "table":
        output.data(as_manifest(view), settings.output)
        return
    for kind in _COLUMNS:
        output.say(f"{kind}s", style="bold")
        _show(settings, view, kind, things(view, kind))
        output.say("")


def _show(settings: Settings, view: Snapshot, kind: str, found: list[Stored]) -> None:
    if settings.output != "table":
        output.data([_data(thing) for thing in found], settings.output)
        return
    columns = _COLUMNS[kind]
    rows = [{**fields_of(thing), **_extra(thing, view)} for thing in found]
    output.table(columns, [[row.get(column) for column in columns] for row in rows])


def _data(thing: Stored) -> dict[str, object]:
    fields = fields_of(thing)
    rules = getattr(thing, "rules", None)
    return fields if rules is None else {**fields, "rules": [fields_of(rule) for rule in rules]}


def _extra(thing: Stored, view: Snapshot) -> dict[str, object]:
    """Return what a table shows in a form, or in a place, of its own."""
    match thing:
        case Rule():
            return {
                "group": thing.security_group_id,
                "ports": _ports(thing),
                "protocol": "any" if thing.protocol is None else _protocol(thing.protocol),
                "remote": _remote(thing),
                "note": _note(thing, view),
            }
    return {
        "name": name_of(thing),
        "ports": len(view.ports_on.get(thing.id, ()) or view.wearers.get(thing.id, ())),
        "subnets": [view.subnets[one].cidr for one in sorted(view.subnets_on.get(thing.id, ()))],
        "rules": len(getattr(thing, "rules", ())),
        "addresses": [str(ip) for ip in getattr(thing, "fixed_ips", ())],
    }


def _remote(rule: Rule) -> str:
    if rule.remote_ip_prefix is not None:
        return str(rule.remote_ip_prefix)
    named = rule.remote_group_id or rule.remote_address_group_id
    return "any" if named is None else f"group {named}"


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
