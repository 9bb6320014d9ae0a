"""Frames as they are: send any bytes from a VM, and see every frame that reaches one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, Self

from .vm import VM

_ETH_P_ALL = 0x0003
_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_SO_RCVBUFFORCE = 33


class Frames:
    """The wire of a VM: what arrives there from now on can be read, and frames can be sent."""

    def __init__(self, vm: VM) -> None:
        """Begin to listen at once; frames wait in the kernel until they are read."""
        self._socket = vm.namespace.open_socket(
            socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL)
        )
        self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 26)
        self._socket.bind(("eth0", 0))
        self.drain()

    def __enter__(self) -> Self:
        """Return the wire."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to listen."""
        self._socket.close()

    def send(self, *frames: Any) -> None:
        """Send frames, given as bytes or as scapy packets."""
        for frame in frames:
            self._socket.send(bytes(frame))

    def receive(self, wait: float = 0.3) -> list[bytes]:
        """Return what has arrived, and what arrives within ``wait`` seconds."""
        return list(self._arriving(wait))

    def expect(self, wanted: Callable[[bytes], bool], wait: float = 2.0) -> bytes | None:
        """Return the first frame that is wanted as soon as it arrives; None if none does."""
        return next((frame for frame in self._arriving(wait) if wanted(frame)), None)

    def drain(self) -> None:
        """Forget what has arrived until now."""
        self.receive(0)

    def _arriving(self, wait: float) -> Iterable[bytes]:
        end = time.monotonic() + wait
        while True:
            self._socket.settimeout(max(0.0, end - time.monotonic()))
            try:
                yield self._socket.recv(65536)
            except (TimeoutError, BlockingIOError):
                return
