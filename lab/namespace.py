"""Network namespaces: make them, run programs in them, open sockets in them."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from . import sandbox
from .command import run

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A named network namespace with its loopback up; a context manager that deletes it."""

    def __init__(self, name: str) -> None:
        """Make the namespace; needs a sandbox."""
        sandbox.require()
        self.name = name
        self.path = Path("/run/netns", name)
        run(["ip", "netns", "add", name])
        self.ip("link set lo up")

    def __enter__(self) -> Self:
        """Return the namespace."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the namespace."""
        self.delete()

    def delete(self) -> None:
        """Delete the name; the namespace ends with the last process in it."""
        if self.path.exists():
            run(["ip", "netns", "delete", self.name])

    def ip(self, *commands: str) -> None:
        """Carry out ip commands in one batch, without the leading ``ip``."""
        run(["ip", "-n", self.name, "-batch", "-"], text="\n".join(commands) + "\n")

    def prefix(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs the given one in the namespace."""
        return ["nsenter", f"--net={self.path}", "--", *command]

    def run(
        self, command: Sequence[str], *, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the namespace to its end."""
        return run(self.prefix(command), check=check, timeout=timeout)

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start a program in the namespace; its output is piped unless told otherwise."""
        settings: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "encoding": "utf-8",
        }
        return subprocess.Popen(self.prefix(command), **(settings | options))

    def open_socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Open a socket that stays in the namespace, whoever uses it."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(self._socket_here, family, kind, protocol).result()

    def _socket_here(self, family: int, kind: int, protocol: int) -> socket.socket:
        # setns moves the calling thread only, and this thread ends right after.
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            if _libc.setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter {self.path}")
            return socket.socket(family, kind, protocol)
        finally:
            os.close(descriptor)
