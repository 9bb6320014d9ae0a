"""Make a database with Neutron's tables once; every run then copies it.

``python -m lab.sandbox python -m lab.neutron.template`` (``tools/install-neutron`` does).
"""

from __future__ import annotations

import shutil

from lab import sandbox
from lab.command import run

from . import settings
from .database import NAME, Database
from .environment import HOME, TABLES, program


def main() -> None:
    """Make the database in the sandbox's memory, and move it to where runs look for it."""
    directory = sandbox.STATE / "template"
    directory.mkdir()
    database = Database(directory)
    database.make()
    database.start()
    try:
        database.ask(f"create database {NAME} character set utf8mb3")
        told = settings.write(directory, database.url, {})
        manage = [program("neutron-db-manage"), "--config-file", str(told)]
        run([*manage, "--subproject", "neutron", "upgrade", "heads"], timeout=600)
    finally:
        database.stop()
    new = HOME / "database.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(database.data, new, symlinks=True)
    new.rename(TABLES)


if __name__ == "__main__":
    main()
