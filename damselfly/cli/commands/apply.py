"""``damselfly apply``: make the store hold what files say."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import rich_click as click

from damselfly.cli.changing import read_policy, wait_options
from damselfly.cli.effects import carry_out_and_show, show_dry
from damselfly.cli.idle import with_idle_rules
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput, NoStore
from damselfly.northbound.manifest import Draft, Plan, plan, read
from damselfly.northbound.store import Contents

_SUFFIXES = (".yaml", ".yml")


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
    draft = read([source for file in files for source in _sources(file)])
    if dry_run:
        show_dry(run(_dry(settings, draft, prune=prune)), settings)
    else:
        make = partial(_plan, draft, prune=prune)
        run(carry_out_and_show(settings, make, patience, create=True))


def _plan(draft: Draft, contents: Contents, *, prune: bool) -> Plan:
    return with_idle_rules(plan(draft, contents, prune=prune), contents)


async def _dry(settings: Settings, draft: Draft, *, prune: bool) -> Plan:
    try:
        async with settings.opened() as store:
            contents = await read_policy(store)
    except NoStore:
        contents = Contents(0, {})
    return _plan(draft, contents, prune=prune)


def _sources(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files that a name stands for, with their contents."""
    if name == "-":
        yield "standard input", sys.stdin.buffer.read()
        return
    path = Path(name)
    try:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
            if not files:
                raise BadInput(f"{name}: no {' or '.join(_SUFFIXES)} file in this directory")
        else:
            files = [path]
        for file in files:
            yield str(file), file.read_bytes()
    except OSError as error:
        raise BadInput(f"{error.filename or name}: {error.strerror}") from None
