"""A MariaDB of one's own: its files in the sandbox's memory, its socket the only way to it."""

from __future__ import annotations

from pathlib import Path

from lab import sandbox
from lab.command import run
from lab.daemon import Daemon

NAME = "neutron"
_SPEED = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-log-file-size=32M",
    "--innodb-buffer-pool-size=128M",
    "--performance-schema=OFF",
    "--skip-log-bin",
)
"""What a database that dies with its run need not do."""


class Database:
    """A MariaDB server on a data directory."""

    def __init__(self, directory: Path) -> None:
        """Describe the server; its socket and log lie in the directory, its files in ``data``."""
        sandbox.require()
        self.directory = directory
        self.data = directory / "data"
        self.socket = directory / "sql.sock"
        self.daemon = Daemon(
            [
                *("mariadbd", "--no-defaults", "--user=root", f"--datadir={self.data}"),
                *(f"--socket={self.socket}", f"--pid-file={directory}/sql.pid"),
                *("--skip-networking", "--max-connections=400", *_SPEED),
            ],
            directory / "mariadb.log",
        )

    @property
    def url(self) -> str:
        """How SQLAlchemy reaches it."""
        return f"mysql+pymysql://root@localhost/{NAME}?unix_socket={self.socket}"

    def copy(self, files: Path) -> None:
        """Take the files of another server, which does not run."""
        run(["cp", "--archive", str(files), str(self.data)])

    def make(self) -> None:
        """Make the files of a server without tables."""
        options = ["--skip-test-db", "--auth-root-authentication-method=normal", "--user=root"]
        run(["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", *options, *_SPEED])

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.daemon.start(self._answers, timeout=30)

    def stop(self) -> None:
        """Stop the server; its files are then complete."""
        self.daemon.stop(timeout=30)

    def ask(self, statement: str, *, check: bool = True) -> str:
        """Carry out SQL and return what comes back, a line for each row."""
        client = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root"]
        return run([*client, "--batch", "--skip-column-names"], text=statement, check=check).stdout

    def _answers(self) -> bool:
        return self.socket.exists() and self.ask("select 1", check=False) == "1\n"
