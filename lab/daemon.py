"""A program that runs in the background until it is stopped."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .command import CommandFailed


class Daemon:
    """A background program whose output goes to a log file."""

    def __init__(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Describe the program; :meth:`start` starts it."""
        self.command = list(command)
        self.log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Tell whether the program runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process id; raise CommandFailed where it was never started."""
        if self._process is None:
            raise CommandFailed(f"{self.command[0]} was not started")
        return self._process.pid

    def start(self, ready: Callable[[], bool] | None = None, timeout: float = 10) -> None:
        """Start the program and wait until ``ready()`` holds."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        if ready is not None:
            wait_until(lambda: not self.running or ready(), timeout, self.command[0])
        if not self.running:
            raise CommandFailed(f"{self.command[0]} did not start: {self.tail()}")

    def stop(self, timeout: float = 10) -> None:
        """Ask the program to end, and wait until it has."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the program at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(condition: Callable[[], bool], timeout: float, what: str) -> None:
    """Wait until the condition holds; raise CommandFailed when the time is over."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            raise CommandFailed(f"{what}: not ready within {timeout:g} s")
        time.sleep(0.005)
