"""``damselfly doctor``: look at a host, and say what to do."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

import rich_click as click
from click.exceptions import Exit

from damselfly.cli import output
from damselfly.cli.commands.agent import read_config
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.config import Config

from .agent import agent_checks
from .check import Check, State
from .store import Heard, store_checks
from .switch import switch_checks

_SICK = 1
_STYLES = {State.GOOD: "green", State.DOUBTFUL: "yellow", State.BAD: "bold red", State.UNKNOWN: ""}


@click.command()
@click.option("--bridge", help="The bridge that is programmed.  Default: br-int")
@click.option("--ovsdb", metavar="REMOTE", help="Open vSwitch's database, as unix:PATH.")
@click.option("--host", help="The name under which the agent reports.  Default: the host's name")
@click.option("--config", "file", type=click.Path(), help="The agent's settings; options win.")
@shared_options
def doctor(settings: Settings, file: str | None, **given: str | None) -> None:
    """Look at this host piece by piece: Open vSwitch, the store, the agent; say what to do.

    Exit code 1 if anything is bad.  Run it as the user that the agent runs as.
    """
    config = Config() if file is None else read_config(file)
    chosen = {name: value for name, value in given.items() if value is not None}
    if file is None or settings.store_given:
        chosen["store"] = settings.store
    checks = run(_examine(replace(config, **chosen)))  # type: ignore[arg-type]
    if settings.output == "table":
        _show(checks)
    else:
        output.data({"checks": [_data(check) for check in checks]}, settings.output)
    if any(check.state is State.BAD for check in checks):
        raise Exit(_SICK)


async def _examine(config: Config) -> list[Check]:
    heard = Heard()
    checks = [check async for check in switch_checks(config)]
    checks += [check async for check in store_checks(config, heard)]
    return [*checks, *agent_checks(heard, config.host, time.time())]


def _data(check: Check) -> dict[str, str]:
    return {
        "what": check.what,
        "state": check.state.value,
        "found": check.found,
        "advice": check.advice,
    }


def _show(checks: list[Check]) -> None:
    for check in checks:
        output.say(
            f"{check.state.value:<9} {check.what:<15} {check.found}", style=_STYLES[check.state]
        )
        if check.advice:
            output.say(f"{'':<25} -> {check.advice}")
    counts = Counter(check.state for check in checks)
    output.say(", ".join(f"{counts[state]} {state.value}" for state in State if counts[state]))
