"""Completion of kinds and names in the shell; silent where the store cannot be read."""

from __future__ import annotations

import asyncio

import rich_click as click

from damselfly.cli.settings import Settings
from damselfly.errors import DamselflyError
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.policy_reader import PolicyReader

from .changing import read_policy
from .naming import KINDS, kind_of, things


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
