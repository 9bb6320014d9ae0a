"""The sandbox takes everything with it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab import sandbox

pytestmark = pytest.mark.ovs

SANDBOX = (sys.executable, "-m", "lab.sandbox")
BUSY = """
import os, sys, subprocess, time
from lab.hypervisor import Hypervisor
from lab.vm import VM
hypervisor = Hypervisor()
VM(hypervisor, "vm", "02:00:00:00:00:01")
subprocess.Popen(["sleep", sys.argv[1]], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""


def running(argument: str) -> bool:
    """Tell whether a process with that argument exists, seen from here."""
    return any(
        f"\0{argument}\0".encode() in path.read_bytes()
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if path.exists()
    )


def wait_gone(argument: str) -> bool:
    end = time.monotonic() + 10
    while running(argument) and time.monotonic() < end:
        time.sleep(0.02)
    return not running(argument)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_killed_sandbox_leaves_no_process_file_or_namespace(signal_number: int) -> None:
    mark = f"600{os.getpid()}{signal_number}"
    before = set(Path("/run/netns").iterdir()), set(Path("/run").iterdir())
    process = subprocess.Popen([*SANDBOX, sys.executable, "-c", BUSY, mark], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    assert running(mark)
    process.send_signal(signal_number)
    process.wait(20)
    process.stdout.close()
    assert wait_gone(mark)
    assert before == (set(Path("/run/netns").iterdir()), set(Path("/run").iterdir()))


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_commands(code: int) -> None:
    assert subprocess.run([*SANDBOX, "sh", "-c", f"exit {code}"], check=False).returncode == code


def test_it_needs_no_standard_input() -> None:
    closed = subprocess.run(
        ["sh", "-c", f"{' '.join(SANDBOX)} echo fine <&-"],
        check=False, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert (closed.stdout, closed.stderr) == ("fine\n", "")


def test_an_unknown_command_is_one_clear_line() -> None:
    done = subprocess.run([*SANDBOX, "no-such"], check=False, capture_output=True, encoding="utf-8")
    assert done.stderr == "sandbox: no-such: No such file or directory\n"
    assert done.returncode == 125


def test_it_sees_nothing_of_what_is_around_it() -> None:
    assert sandbox.inside()
    Path("/run/netns/outside").touch()
    try:
        seen = subprocess.run(
            [*SANDBOX, "sh", "-c", "ls /run/netns; ps ax | wc -l; ls /sys/class/net"],
            check=True, capture_output=True, encoding="utf-8",
        )  # fmt: skip
    finally:
        Path("/run/netns/outside").unlink()
    assert "outside" not in seen.stdout
    assert "eth0" not in seen.stdout


def test_it_can_be_looked_into_from_around_it() -> None:
    script = (
        "import time; from lab import sandbox; print(sandbox.first_process(), flush=True);"
        "(sandbox.STATE / 'mark').touch(); print('made', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [*SANDBOX, sys.executable, "-c", script], stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    first, made = process.stdout.readline().strip(), process.stdout.readline()
    look = subprocess.run(
        ["nsenter", "--target", first, "--all", "--", "ls", "/run/lab"],
        check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    process.kill()
    process.wait()
    process.stdout.close()
    assert (made, "mark" in look.stdout) == ("made\n", True)


def test_orphans_are_buried() -> None:
    script = "(sleep 0.1 & ) ; sleep 0.4; ps -eo stat | grep -c Z"
    done = subprocess.run([*SANDBOX, "sh", "-c", script], check=False, capture_output=True)
    assert done.stdout == b"0\n"
