"""Traffic that other programs send: ping and ncat, many at once."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from lab.daemon import wait_until
from lab.vm import VM

PATIENCE = 2.0
"""Seconds after which no answer means no."""
_TRIES = 4
_AT_ONCE = 64
_starting = threading.Semaphore(8)
"""A busy machine starts programs one after the other; better that they wait than their answers."""
_TOKEN = b"anybody there?\n"


class Call(NamedTuple):
    """One try to reach an address: ``icmp``, ``tcp/80``, ``udp/53``."""

    source: VM
    address: str
    service: str


def reached(calls: Iterable[Call]) -> dict[Call, bool]:
    """Tell of each call whether an answer came back."""
    listed = list(calls)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(listed, pool.map(_answered, listed), strict=True))


@contextmanager
def listeners(vms: Sequence[VM], services: Sequence[str]) -> Iterator[None]:
    """Let an ncat in every VM send back what it gets, for every service."""
    programs = [
        start(vm, ["ncat", *_options(service), "-k", "-l", "-e", "/bin/cat", _port(service)])
        for vm in vms
        for service in services
    ]
    try:
        for vm in vms:
            wait_until(partial(_listening, vm, services), 15, f"ncat in {vm.name}")
        yield
    finally:
        for program in programs:
            stop(program)


def start(vm: VM, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program in a VM, with pipes to it and from it, and a process group of its own."""
    return subprocess.Popen(
        vm.namespace.prefix(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )


def stop(program: subprocess.Popen[bytes]) -> None:
    """Kill a program and what it started."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    for pipe in (program.stdin, program.stdout):
        if pipe is not None:
            pipe.close()


def _answered(call: Call) -> bool:
    if call.service == "icmp":
        ping = ["ping", "-c", "1", "-W", f"{PATIENCE:g}", call.address]
        return call.source.run(ping, check=False).returncode == 0
    words = ["ncat", *_options(call.service), "-w", f"{PATIENCE:g}", call.address]
    with _starting:
        program = start(call.source, [*words, _port(call.service)])
        wait_until(partial(_is_calling, program), 30, "ncat")
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        # Asked more than once: a datagram is lost while the other ncat turns to its next caller.
        for _ in range(_TRIES):
            program.stdin.write(_TOKEN)
            readable, _, _ = select.select([program.stdout], [], [], PATIENCE / _TRIES)
            if readable:
                return program.stdout.read(len(_TOKEN)) == _TOKEN
    except BrokenPipeError:
        return False
    else:
        return False
    finally:
        stop(program)


def _is_calling(program: subprocess.Popen[bytes]) -> bool:
    """Tell whether the program has opened its socket: patience begins here, not at its start."""
    if program.poll() is not None:
        return True
    try:
        files = list(Path(f"/proc/{program.pid}/fd").iterdir())
        return any(str(file.readlink()).startswith("socket:") for file in files)
    except FileNotFoundError:
        return False


def _listening(vm: VM, services: Sequence[str]) -> bool:
    sockets = vm.run(["ss", "--no-header", "--listening", "--tcp", "--udp", "--numeric"]).stdout
    return sockets.count("\n") >= 2 * len(services)  # Each listens in both families.


def _options(service: str) -> list[str]:
    return ["-u"] if service.startswith("udp/") else []


def _port(service: str) -> str:
    return service.partition("/")[2]
