"""Run a command in a sandbox of its own: ``python -m lab.sandbox COMMAND...``.

The sandbox has its own network, processes, mounts and ``/run`` (so no socket or named namespace of
the machine is in reach), and all of it ends with the command, or with the process that started it,
however that one ends: the kernel kills the sandbox's first process when its parent dies, and all
others with it.  Temporary files go to ``STATE``, which is memory.  Sandboxes may be nested.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .command import CommandFailed, run

STATE = Path("/run/lab")
"""The sandbox's own directory; short, as the path of a socket may have 107 bytes at most."""

_INSIDE = "--inside"
_FIRST = "LAB_SANDBOX_PID"
_GRACE = 3.0
"""Seconds that a command has to end after an interrupt from the keyboard."""


def inside() -> bool:
    """Tell whether this process runs in a sandbox."""
    return STATE.is_dir()


def require() -> None:
    """Raise CommandFailed unless this process runs in a sandbox."""
    if not inside():
        raise CommandFailed("run this in a sandbox: python -m lab.sandbox COMMAND...")


def first_process() -> int:
    """Return the id of the sandbox's first process as the machine around it sees it.

    ``nsenter --target ID --all`` looks into the sandbox.
    """
    require()
    return int(os.environ[_FIRST])


def enter(command: Sequence[str]) -> int:
    """Run the command in a new sandbox and return its exit code; needs root."""
    if os.geteuid() != 0:
        raise CommandFailed("a sandbox can be made by root only")
    process = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", "--"),
            *("unshare", "--mount", "--pid", "--net", "--ipc", "--uts"),
            *("--fork", "--kill-child", "--"),
            *(sys.executable, "-m", "lab.sandbox", _INSIDE, *command),
        ]
    )
    try:
        return _exit_code(process.wait())
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return _exit_code(process.wait(_GRACE))
        return 128 + signal.SIGINT
    finally:
        process.kill()


def _inside(command: Sequence[str]) -> int:
    """Be the sandbox's first process: prepare it, run the command, bury orphans."""
    # The kernel spares a first process the signals that it has no handler for.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    first = str(Path("/proc/self").readlink())  # Still the machine's own view of its processes.
    run(["mount", "-t", "proc", "proc", "/proc"])
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    run(["mount", "-t", "sysfs", "sysfs", "/sys"])
    run(["ip", "link", "set", "lo", "up"])
    for directory in (STATE / "tmp", Path("/run/netns"), Path("/run/lock")):
        directory.mkdir(parents=True)
    try:
        process = subprocess.Popen(
            command, env=os.environ | {"TMPDIR": str(STATE / "tmp"), _FIRST: first}
        )
    except OSError as error:
        raise CommandFailed(f"{command[0]}: {error.strerror}") from error
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            return _exit_code(os.waitstatus_to_exitcode(status))


def _exit_code(returned: int) -> int:
    return returned if returned >= 0 else 128 - returned


def main(arguments: list[str]) -> int:
    """Run the command given on the command line."""
    if not arguments or arguments == [_INSIDE]:
        print("usage: python -m lab.sandbox COMMAND...", file=sys.stderr)
        return 2
    try:
        return _inside(arguments[1:]) if arguments[0] == _INSIDE else enter(arguments)
    except CommandFailed as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 125


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
