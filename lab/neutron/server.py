"""Neutron itself: its database, its API in one or more workers, its maintenance process."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self

from lab import sandbox
from lab.command import run
from lab.daemon import Daemon

from . import settings
from .database import Database
from .environment import TABLES, program

_numbers = itertools.count(1)
_ports = itertools.count(19696)
_PATIENCE = 90.0
"""Seconds that a worker may take to load Neutron, whatever else the machine does."""


class Worker:
    """A process that serves the API on a port of its own, so that one can choose whom to ask."""

    def __init__(self, neutron: Neutron, threads: int) -> None:
        """Describe the worker; :meth:`start` starts it."""
        self.port = next(_ports)
        words = ["-m", "lab.neutron.serve", str(neutron.file), str(self.port), str(threads)]
        self.daemon = Daemon([program("python"), *words], neutron.directory / f"{self.port}.log")

    @property
    def endpoint(self) -> str:
        """The root of its API."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the worker and wait until it answers."""
        self.daemon.start(self._listens, timeout=_PATIENCE)

    def stop(self) -> None:
        """Stop the worker in good order."""
        self.daemon.stop(timeout=20)

    def kill(self) -> None:
        """Kill the worker in the middle of what it does."""
        self.daemon.kill()

    def _listens(self) -> bool:
        with socket.socket() as asking:
            return asking.connect_ex(("127.0.0.1", self.port)) == 0


class Neutron:
    """A Neutron server; a context manager that starts and stops it."""

    def __init__(
        self,
        drivers: Sequence[str],
        told: settings.Sections,
        *,
        workers: int = 1,
        threads: int = 4,
    ) -> None:
        """Describe it: ML2's mechanism drivers, and more settings by section of neutron.conf."""
        sandbox.require()
        self.directory = sandbox.STATE / f"neutron{next(_numbers)}"
        self.file = self.directory / settings.FILE
        self.database = Database(self.directory)
        self._told = told
        self._drivers = drivers
        self.workers = [Worker(self, threads) for _ in range(workers)]
        self.maintenance = Daemon(
            [program("neutron-periodic-workers"), "--config-file", str(self.file)],
            self.directory / "maintenance.log",
        )
        self._close = ExitStack()

    def __enter__(self) -> Self:
        """Start everything and wait until every worker answers."""
        self.directory.mkdir()
        self._configure()
        self.database.copy(TABLES)
        with ExitStack() as undo:
            undo.callback(self.database.stop)
            self.database.start()
            self.tool("neutron-db-manage", "upgrade", "heads")
            undo.callback(self.maintenance.stop)
            for worker in self.workers:
                undo.callback(worker.stop)
            self._start_together()
            self._close = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self._close.close()

    def restart(self, drivers: Sequence[str]) -> None:
        """Start everything but the database anew, with other mechanism drivers."""
        self._drivers = drivers
        self._configure()
        self.maintenance.stop()
        for worker in self.workers:
            worker.stop()
        self._start_together()

    def tool(self, name: str, *arguments: str, check: bool = True) -> str:
        """Run a program of Neutron's environment with this server's settings."""
        command = [program(name), "--config-file", str(self.file), *arguments]
        done = run(command, check=check, timeout=300)
        return done.stdout

    def _configure(self) -> None:
        told = {**self._told, "ml2": {"mechanism_drivers": ",".join(self._drivers)}}
        settings.write(self.directory, self.database.url, told)

    def _start_together(self) -> None:
        starts = [self.maintenance.start, *(worker.start for worker in self.workers)]
        with ThreadPoolExecutor(len(starts)) as threads:
            for started in [threads.submit(start) for start in starts]:
                started.result()
