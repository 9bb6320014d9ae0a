"""The other end of a connection, for what a real switch does not do on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from damselfly.southbound.openflow.codec.wire import HEADER, Framer, Type, message, xid_of

HELLO = message(Type.HELLO, 1)
FEATURES_REPLY, BARRIER_REPLY = 6, 21
BUNDLE_CONTROL = bytes.fromhex("4f4e4600 000008fc")


def confirm(request: bytes) -> bytes:
    """Answer as a switch does that is content with everything."""
    if request[1] == Type.BARRIER_REQUEST:
        return message(BARRIER_REPLY, xid_of(request))
    if request[1] == Type.FEATURES_REQUEST:
        return message(FEATURES_REPLY, xid_of(request), bytes(24))
    if request[8:16] == BUNDLE_CONTROL:
        return request[:21] + bytes([request[21] + 1]) + request[22:]
    return HELLO if request[1] == Type.HELLO else b""


def refusal(request: bytes, kind: int = 4, code: int = 9) -> bytes:
    """Answer with an error: OFPBMC_BAD_PREREQ if nothing else is asked for."""
    data = kind.to_bytes(2, "big") + code.to_bytes(2, "big") + request[:64]
    return message(Type.ERROR, xid_of(request), data)


class Peer(asyncio.Protocol):
    """Listens on a unix socket, keeps what it gets, and answers."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes] = confirm
        self.received: list[bytes] = []
        self.transport: asyncio.Transport | None = None
        self.left = asyncio.Event()
        """Whether the other side has closed the connection."""
        self._framer = Framer()

    async def listen(self, path: Path) -> asyncio.Server:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        return await loop.create_unix_server(lambda: self, str(path))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.left.set()

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        for request in self._framer.feed(data):
            self.received.append(request)
            self.transport.write(self.answer(request))

    def say(self, data: bytes) -> None:
        """Send something unasked."""
        assert self.transport is not None
        self.transport.write(data)

    def hang_up(self) -> None:
        """Close the connection."""
        assert self.transport is not None
        self.transport.close()

    def kinds(self) -> list[str]:
        """Name what came since the connection stood: flow-mods by priority, bundles by step."""
        return [name for name in map(_name, self.received) if name]


def _name(request: bytes) -> str:
    kind = HEADER.unpack_from(request)[1]
    if kind == Type.FLOW_MOD:
        return f"flow {int.from_bytes(request[30:32], 'big')}"
    if request[8:16] == BUNDLE_CONTROL:
        return {0: "open", 4: "commit", 6: "discard"}[request[21]]
    if kind == Type.EXPERIMENTER and request[12:16] == bytes.fromhex("000008fd"):
        return f"staged {int.from_bytes(request[54:56], 'big')}"
    return "resume" if request[12:16] == bytes.fromhex("0000001c") else ""
