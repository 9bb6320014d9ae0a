"""Where Neutron is installed: a virtual environment beside the project's own."""

from __future__ import annotations

from pathlib import Path

from lab.command import CommandFailed

HOME = Path(__file__).parents[2] / ".venv" / "neutron"
TABLES = HOME / "database"
"""A data directory of MariaDB in which Neutron's tables are made already."""


def program(name: str) -> str:
    """Return the path of a program of that environment; raise CommandFailed without it."""
    path = HOME / "bin" / name
    if not path.exists():
        raise CommandFailed(f"{path} is not there: run tools/install-neutron")
    return str(path)
