"""Run other programs, and say clearly what went wrong with them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence


class CommandFailed(RuntimeError):
    """A program ended with an error; the message holds the command and what it printed."""


def run(
    command: Sequence[str],
    *,
    check: bool = True,
    text: str | None = None,
    timeout: float = 60,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return its output; raise CommandFailed where it fails."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            timeout=timeout,
            env=environment,
        )
    except FileNotFoundError as error:
        raise CommandFailed(f"{command[0]} is not installed") from error
    if check and done.returncode:
        printed = (done.stderr or done.stdout).strip()
        raise CommandFailed(f"{' '.join(command)}: exit {done.returncode}: {printed}")
    return done
