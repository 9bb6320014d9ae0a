"""``damselfly apply``: make the store hold what files say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import rich_click as click

from damselfly.cli.changing import read_policy, wait_options
from damselfly.cli.effects import carry_out_and_show, show_dry
from damselfly.cli.planning import draft_of, planned
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import NoStore
from damselfly.northbound.manifest import Draft, Plan
from damselfly.northbound.store import Contents


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--prune", is_flag=True, help="Delete all policy that the files do not name.")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@wait_options
@shared_options
def apply(
    settings: Settings, files: Sequence[str], patience: float | None, *, prune: bool, dry_run: bool
) -> None:
    """Make the store hold what the files say.

    A FILE is YAML (docs/manifest.md); a directory stands for the YAML files in it, - for standard
    input.  Either everything is written or nothing: a mistake refuses all files, and all mistakes
    are listed.
    """
    draft = draft_of(files)
    if dry_run:
        show_dry(run(_dry(settings, draft, prune=prune)), settings)
    else:
        make = partial(_plan, draft=draft, prune=prune)
        run(carry_out_and_show(settings, make, patience, create=True))


async def _dry(settings: Settings, draft: Draft, *, prune: bool) -> Plan:
    try:
        async with settings.opened() as store:
            contents = await read_policy(store)
    except NoStore:
        contents = Contents(0, {})
    return planned(draft, contents, prune=prune).plan


def _plan(contents: Contents, draft: Draft, *, prune: bool) -> Plan:
    return planned(draft, contents, prune=prune).plan
