"""``damselfly store``: move a store, save it, bring it back, look it over."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from damselfly.cli import output
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput
from damselfly.northbound.consistency import Finding, findings, repairs
from damselfly.northbound.opening import open_store

from .archive import load, save
from .replacing import Replaced, replace, whole_policy
from .roles import roles

_FOUND = 1
_replace = click.option(
    "--replace", "replacing", is_flag=True, help="Put it in the place of other policy."
)


@click.group()
def store() -> None:
    """Move the policy to another store, save it, bring it back, or look it over."""


store.add_command(roles)


@store.command()
@click.argument("source")
@click.argument("target")
@_replace
@shared_options
def copy(settings: Settings, source: str, target: str, *, replacing: bool) -> None:
    """Copy the policy of one store to another, both given as URLs; in one commit, or not at all.

    What agents say of themselves stays where it is.
    """
    if source == target:
        raise BadInput("the two stores are the same")
    _show(settings, run(_copy(source, target, replacing=replacing)))


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@shared_options
def backup(settings: Settings, file: Path) -> None:
    """Save the policy, as of one revision, in a file that `restore` takes."""
    revision, count = run(_backup(settings, file))
    if settings.output == "table":
        output.say(f"{file}: {count} objects as of revision {revision}")
    else:
        answer = {"file": str(file), "objects": count, "revision": revision}
        output.data(answer, settings.output)


@store.command()
@click.argument("file", type=click.Path(path_type=Path))
@_replace
@shared_options
def restore(settings: Settings, file: Path, *, replacing: bool) -> None:
    """Make the store hold what a backup holds; in one commit, or not at all."""
    _show(settings, run(_restore(settings, file, replacing=replacing)))


@store.command()
@click.option("--repair", is_flag=True, help="Put the index entries right; policy stays as it is.")
@shared_options
def check(settings: Settings, *, repair: bool) -> None:
    """Read every object; exit 1 where one is unreadable, dangling, or not in the index."""
    found, mended = run(_check(settings, repair=repair))
    if settings.output != "table":
        listed = [finding._asdict() for finding in found]
        output.data({"findings": listed, "repaired": mended}, settings.output)
    else:
        for finding in found:
            output.say(f"{finding.key}: {finding.what}", style="red")
        if mended:
            output.say(f"{mended} index entries were put right", style="green")
        if not found:
            output.say("the store is sound", style="green")
    if found:
        raise Exit(_FOUND)


async def _copy(source: str, target: str, *, replacing: bool) -> Replaced:
    origin = open_store(source, create=False)
    try:
        contents = await whole_policy(origin)
    finally:
        await origin.close()
    copied = open_store(target)
    try:
        return await replace(copied, contents.objects, replacing=replacing)
    finally:
        await copied.close()


async def _backup(settings: Settings, file: Path) -> tuple[int, int]:
    async with settings.opened() as opened:
        contents = await whole_policy(opened)
    save(contents, file)
    return contents.revision, len(contents.objects)


async def _restore(settings: Settings, file: Path, *, replacing: bool) -> Replaced:
    contents = load(file)
    async with settings.opened(create=True) as opened:
        return await replace(opened, contents.objects, replacing=replacing)


async def _check(settings: Settings, *, repair: bool) -> tuple[list[Finding], int]:
    """Return what is wrong (after the repair, if any), and how many entries were put right."""
    async with settings.opened() as opened:
        contents = await whole_policy(opened)
        changes = repairs(contents) if repair else []
        if changes:
            held = contents.objects
            await opened.commit(changes, {each.key: held.get(each.key) for each in changes})
            contents = await whole_policy(opened)
    return findings(contents), len(changes)


def _show(settings: Settings, done: Replaced) -> None:
    if settings.output == "table":
        output.say(
            f"revision {done.revision}: {done.objects} objects "
            f"({done.written} written, {done.deleted} deleted)"
        )
    else:
        answer = {
            "revision": done.revision, "objects": done.objects, "written": done.written,
            "deleted": done.deleted,
        }  # fmt: skip
        output.data(answer, settings.output)
