"""The command ``damselfly``: its parts, and what becomes of errors."""

from __future__ import annotations

import sys
from importlib import import_module
from io import TextIOWrapper

import click as click_core
import rich_click as click
from click.shell_completion import get_completion_class

from damselfly import __version__
from damselfly.errors import BadInput, DamselflyError
from damselfly.northbound.masking import masked

from .settings import store_options, take_options

PROGRAM = "damselfly"
_COMPLETE = "_DAMSELFLY_COMPLETE"
_COMMANDS = {
    "apply": "commands", "get": "commands", "delete": "commands", "status": "commands",
    "lint": "commands", "verify": "commands", "explain": "traffic", "connections": "traffic",
    "watch": "traffic", "host": "fleet", "store": "store", "doctor": "doctor",
    "agent": "commands",
}  # fmt: skip
"""The package of each command, in the order in which people meet them."""


class Commands(click.RichGroup):
    """The commands, each imported when it is asked for: the agent's parts take a while."""

    def list_commands(self, ctx: click_core.Context) -> list[str]:
        """Name the commands in the order in which people meet them."""
        return [*_COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click_core.Context, cmd_name: str) -> click_core.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"damselfly.cli.{_COMMANDS[cmd_name]}.{cmd_name}")
        command: click_core.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 a difference or another failure, 2 bad input, 3 store, "
    "4 switch, 5 not enforced in time.  See docs/cli.md.",
)
@click.version_option(__version__, prog_name=PROGRAM)
@store_options("DAMSELFLY_STORE")
def cli(store: str | None, output: str | None) -> None:
    """Security groups for virtual machines, enforced in Open vSwitch flow tables."""
    take_options(store, output)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a completion script: eval "$(damselfly completion bash)"."""
    kind = get_completion_class(shell)
    if kind is None:
        raise BadInput(f"there is no completion for {shell}")
    click.echo(kind(cli, {}, PROGRAM, _COMPLETE).source())


def main() -> None:
    """Run the command line; errors that users can act on end in a line and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        cli(prog_name=PROGRAM, complete_var=_COMPLETE)
    except DamselflyError as error:
        for line in masked(str(error)).splitlines():
            click.echo(f"{click.style('error:', fg='red', bold=True)} {line}", err=True)
        sys.exit(error.exit_code)
