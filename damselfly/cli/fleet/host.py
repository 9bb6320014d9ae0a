"""``damselfly host``: which hosts there are, and taking out one that is gone for good."""

from __future__ import annotations

import json
from difflib import get_close_matches

import rich_click as click

from damselfly.cli import output
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput
from damselfly.northbound import keys
from damselfly.northbound.store import Change, Store

from .overview import Host, overview


@click.group()
def host() -> None:
    """Show the hosts whose agents use this store, or take one out."""


@host.command("list")
@shared_options
def list_hosts(settings: Settings) -> None:
    """List the hosts: state, version, switch, and the process that goes by the name."""
    rows = run(_read(settings))
    if settings.output != "table":
        output.data(rows, settings.output)
        return
    columns = ("host", "state", "version", "bridge", "datapath", "ports", "machine", "pid")
    output.table(columns, [[row[column] for column in columns] for row in rows])


@host.command()
@click.argument("name")
@shared_options
def remove(settings: Settings, name: str) -> None:
    """Forget a host that is gone for good: what its agent said last.

    A host whose agent lives is refused.  Its ports stay in the policy: they belong to tenants.
    """
    run(_remove(settings, name))
    if settings.output == "table":
        output.say(f"host {name} is forgotten")
    else:
        output.data({"removed": name}, settings.output)


async def _read(settings: Settings) -> list[dict[str, object]]:
    async with settings.opened() as store:
        hosts = await overview(store)
        contents = await store.read([keys.STATUS_PREFIX])
        held = await store.holders()
    said = {key: json.loads(value) for key, value in contents.objects.items()}
    return [
        _row(each, said.get(keys.agent_status(each.host), {}), _read_holder(held.get(each.host)))
        for each in hosts
    ]


def _row(each: Host, said: dict[str, object], holder: dict[str, object]) -> dict[str, object]:
    return {
        "host": each.host,
        "state": each.state,
        "version": said.get("version"),
        "bridge": said.get("bridge"),
        "datapath": said.get("datapath_type") or None,
        "ports": each.active + each.closed + each.down,
        "machine": holder.get("machine"),
        "pid": holder.get("pid"),
    }


def _read_holder(data: bytes | None) -> dict[str, object]:
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def _remove(settings: Settings, name: str) -> None:
    async with settings.opened() as store:
        known = {each.host: each for each in await overview(store)}
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise BadInput(f"there is no host {name!r}{hint}")
        if known[name].state in ("live", "starting"):
            raise BadInput(f"the agent of host {name} lives; stop it first")
        await _forget(store, name)


async def _forget(store: Store, name: str) -> None:
    """Delete what the agent said; whoever says something meanwhile lives, and is left alone."""
    key = keys.agent_status(name)
    said = (await store.read([key])).objects.get(key)
    await store.commit([Change(key, None)], {key: said})
