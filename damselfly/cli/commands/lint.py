"""``damselfly lint``: what is doubtful about rules, before or after they are applied."""

from __future__ import annotations

from collections.abc import Sequence

import rich_click as click
from click.exceptions import Exit

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.planning import draft_of, planned
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import NoStore
from damselfly.northbound.manifest import Draft
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Contents
from damselfly.policy.lint import Doubt, Finding
from damselfly.policy.lint import lint as find

_DOUBTFUL = 1


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("--prune", is_flag=True, help="As if the files were applied with --prune.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="WHAT",
    help=f"A rule's id, or one of {', '.join(d.value for d in Doubt)}.  May be repeated.",
)
@shared_options
def lint(settings: Settings, files: Sequence[str], ignore: Sequence[str], *, prune: bool) -> None:
    """Name rules that match nothing, add nothing, or open a management port to everybody.

    Without FILE the policy in the store is looked at.  With files, the policy as it would be with
    them; then only what concerns their groups is said, and what they would newly cause elsewhere.
    Exit code 1 where there is anything to say.
    """
    draft = draft_of(files) if files else None
    found = [
        finding
        for finding in run(_found(settings, draft, prune=prune))
        if not {finding.doubt.value, finding.rule.id} & {*ignore}
    ]
    if settings.output == "table":
        _show(found)
    else:
        output.data({"findings": [_data(finding) for finding in found]}, settings.output)
    if found:
        raise Exit(_DOUBTFUL)


async def _found(settings: Settings, draft: Draft | None, *, prune: bool) -> list[Finding]:
    try:
        async with settings.opened() as store:
            contents = await read_policy(store)
    except NoStore:
        if draft is None:
            raise
        contents = Contents(0, {})
    if draft is None:
        return list(find(PolicyReader(contents).snapshot))
    change = planned(draft, contents, prune=prune)
    mine = {item.entry.key for item in draft.groups}
    known = set(find(change.before))
    return [
        finding
        for finding in find(change.after)
        if finding.rule.security_group_id in mine or finding not in known
    ]


def _show(found: list[Finding]) -> None:
    if not found:
        output.say("nothing to say", style="green")
        return
    rows = [(f.doubt.value, f.rule.security_group_id, f.rule.id, f.because) for f in found]
    output.table(("finding", "group", "rule", "why"), rows)


def _data(finding: Finding) -> dict[str, object]:
    return {
        "finding": finding.doubt.value,
        "security_group_id": finding.rule.security_group_id,
        "rule": finding.rule.id,
        "because": finding.because,
    }
