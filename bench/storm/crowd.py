"""Very many TCP and UDP connections between two machines, all talking, both ends in one thread.

Every message is answered by its receiver, and carries a number, so that each end knows which of
them came through.
"""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from lab.vm import VM

_MESSAGE = struct.Struct("!II")
"""Which connection, and how many messages it has sent with this one."""
_BUFFER = 1 << 22
_SO_RCVBUFFORCE = 33
_TCP_INFO_RETRANSMITTED = 100
"""Where ``struct tcp_info`` of Linux has ``tcpi_total_retrans``, 32 bits."""
_LATE = 0.05
"""Seconds; who is later than that sends no faster to make up for it."""


@dataclass(slots=True)
class Talk:
    """One connection, as its client sees it; ``delivered`` is what its server has seen."""

    number: int
    protocol: str
    socket: socket.socket
    sent: int = 0
    answered: int = 0
    delivered: int = 0
    pending: bytes = b""

    @property
    def lost(self) -> int:
        """How many messages have no answer."""
        return self.sent - self.answered

    @property
    def resent(self) -> int:
        """How many segments TCP has sent again."""
        if self.protocol != "tcp":
            return 0
        said = self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return int.from_bytes(said[_TCP_INFO_RETRANSMITTED:][:4], "little")


class Crowd:
    """The connections between a client and a server machine; a context manager."""

    def __init__(self, client: VM, server: VM) -> None:
        """Begin without any."""
        self.talks: list[Talk] = []
        self._client, self._server = client, server
        self._selector = selectors.DefaultSelector()
        self._next = 0

    def __enter__(self) -> Self:
        """Allow as many open files as it takes."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return self

    def __exit__(self, *_: object) -> None:
        """Close all ends."""
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def join(self, protocol: str, port: int, count: int) -> list[Talk]:
        """Open so many connections, ``tcp`` or ``udp``, to a port; return them."""
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        address = (self._server.ipv4, port)
        server = self._opened(self._server, kind)
        server.bind(address)
        if protocol == "tcp":
            server.listen(4096)
            self._watch(server, self._accept)
        else:
            self._watch(server, self._serve_datagram)
        opened = []
        for _ in range(count):
            client = self._opened(self._client, kind)
            client.settimeout(10)
            client.connect(address)
            talk = Talk(len(self.talks), protocol, client)
            self.talks.append(talk)
            opened.append(talk)
            self._watch(client, partial(self._hear, talk))
            self._listen(0)
        return opened

    def talk(self, rate: float, until: Callable[[], bool]) -> None:
        """Send so many messages a second, one connection after the other, until it is over."""
        due = time.monotonic()
        while not until():
            now = time.monotonic()
            due = max(due, now - _LATE)
            while due <= now:
                self._say(self.talks[self._next])
                self._next = (self._next + 1) % len(self.talks)
                due += 1 / rate
            self._listen(max(0.0, due - time.monotonic()))

    def settle(self, wait: float = 1.0) -> None:
        """Send no more, but hear what still comes."""
        end = time.monotonic() + wait
        while (left := end - time.monotonic()) > 0:
            self._listen(left)

    def _opened(self, machine: VM, kind: socket.SocketKind) -> socket.socket:
        opened = machine.namespace.open_socket(socket.AF_INET, kind)
        if kind is socket.SOCK_STREAM:
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        return opened

    def _watch(self, end: socket.socket, act: Callable[[socket.socket], object]) -> None:
        end.setblocking(False)
        self._selector.register(end, selectors.EVENT_READ, act)

    def _listen(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            # What a refused port answers is no answer.
            with contextlib.suppress(OSError):
                key.data(key.fileobj)

    def _say(self, talk: Talk) -> None:
        talk.sent += 1
        with contextlib.suppress(OSError):
            talk.socket.send(_MESSAGE.pack(talk.number, talk.sent))

    def _hear(self, talk: Talk, end: socket.socket) -> None:
        heard = talk.pending + end.recv(65536)
        whole, rest = divmod(len(heard), _MESSAGE.size)
        talk.answered += whole
        talk.pending = heard[len(heard) - rest :]

    def _accept(self, listener: socket.socket) -> None:
        end, _ = listener.accept()
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch(end, self._serve_stream)

    def _serve_stream(self, end: socket.socket) -> None:
        data = end.recv(65536)
        self._note(data[-_MESSAGE.size :])
        end.send(data)

    def _serve_datagram(self, end: socket.socket) -> None:
        data, sender = end.recvfrom(65536)
        self._note(data)
        end.sendto(data, sender)

    def _note(self, message: bytes) -> None:
        number, count = _MESSAGE.unpack(message)
        self.talks[number].delivered = count
