"""A live TCP connection between two VMs, carried by ncat, with every line's arrival noted."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lab.daemon import wait_until
from lab.vm import VM

from .programs import start, stop

_INTERVAL = 0.005
"""Seconds between two lines."""


class Stream:
    """Numbered lines on their way from one VM to another."""

    def __init__(self, source: VM, target: VM, port: int) -> None:
        """Connect; lines are sent from now until :meth:`close`."""
        self.source, self.target, self.port = source, target, port
        self.sent = 0
        self.arrivals: list[tuple[int, float]] = []
        """Number and time (``time.monotonic``) of every line, as it arrives."""
        self._over = threading.Event()
        self._receiver = start(target, ["ncat", "-l", str(port)])
        wait_until(lambda: f":{port} " in target.run(["ss", "-lntH"]).stdout, 10, "ncat")
        self._sender = start(source, ["ncat", target.ipv4, str(port)])
        self._threads = [threading.Thread(target=work) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the connection."""
        self._over.set()
        for program in (self._sender, self._receiver):
            program.kill()
        for thread in self._threads:
            thread.join()
        for program in (self._sender, self._receiver):
            stop(program)

    def flows(self, patience: float = 5) -> bool:
        """Wait for lines that arrive from now on; tell whether they do."""
        count = len(self.arrivals)
        end = time.monotonic() + patience
        while len(self.arrivals) < count + 20 and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.arrivals) >= count + 20

    def after(self, moment: float) -> list[float]:
        """Return how long after a moment lines arrived, in seconds."""
        return [arrived - moment for _, arrived in self.arrivals if arrived > moment]

    @property
    def complete(self) -> bool:
        """Tell whether all lines up to the last arrived one came, in order."""
        numbers = [number for number, _ in self.arrivals]
        return numbers == list(range(len(numbers)))

    @property
    def retransmitted(self) -> int:
        """Count the segments that the sender's kernel had to send again because they were lost.

        Those that had arrived, as the receiver's duplicate SACKs tell (RFC 2883), are not counted:
        a busy machine makes a sender impatient.
        """
        text = self.source.run(["ss", "-tinH", "dst", f"{self.target.ipv4}:{self.port}"]).stdout
        again = re.search(r" retrans:\d+/(\d+)", text)
        in_vain = re.search(r" dsack_dups:(\d+)", text)
        return int(again[1] if again else 0) - int(in_vain[1] if in_vain else 0)

    def _send(self) -> None:
        assert self._sender.stdin is not None
        while not self._over.wait(_INTERVAL):
            try:
                self._sender.stdin.write(b"%d\n" % self.sent)
            except OSError:
                return
            self.sent += 1

    def _receive(self) -> None:
        assert self._receiver.stdout is not None
        rest = b""
        while data := self._receiver.stdout.read(65536):
            now = time.monotonic()
            *lines, rest = (rest + data).split(b"\n")
            self.arrivals += [(int(line), now) for line in lines]


@contextmanager
def streaming(source: VM, target: VM, port: int) -> Iterator[Stream]:
    """Keep a live connection for the time of the block."""
    stream = Stream(source, target, port)
    try:
        yield stream
    finally:
        stream.close()
