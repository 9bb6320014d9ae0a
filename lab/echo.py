"""A server in a VM that sends back what it gets, on any number of TCP and UDP ports."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterable
from typing import Self

from .vm import VM


class Echo:
    """Listens in a VM on IPv4 and IPv6: ``with Echo(vm, tcp=[80], udp=[53]): ...``."""

    def __init__(self, vm: VM, tcp: Iterable[int] = (), udp: Iterable[int] = ()) -> None:
        """Listen at once; :meth:`close` ends it."""
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        for port in tcp:
            listener = _listen(vm, socket.SOCK_STREAM, port)
            self._selector.register(listener, selectors.EVENT_READ, self._accept)
        for port in udp:
            receiver = _listen(vm, socket.SOCK_DGRAM, port)
            self._selector.register(receiver, selectors.EVENT_READ, _answer_datagram)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        """Return the server."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def close(self) -> None:
        """End the server and close its connections."""
        self._wake.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, self._answer)

    def _answer(self, connection: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = connection.recv(65536)
            connection.send(data)
        if not data:
            self._selector.unregister(connection)
            connection.close()


def _listen(vm: VM, kind: socket.SocketKind, port: int) -> socket.socket:
    listener = vm.namespace.open_socket(socket.AF_INET6, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", port))
    listener.setblocking(False)
    if kind == socket.SOCK_STREAM:
        listener.listen(128)
    return listener


def _answer_datagram(receiver: socket.socket) -> None:
    with contextlib.suppress(OSError):
        data, sender = receiver.recvfrom(65536)
        receiver.sendto(data, sender)
