"""The page that a Prometheus server reads: one path, one method, and little patience."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from ipaddress import ip_address

from damselfly.errors import BadInput

_log = logging.getLogger(__name__)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OFF = "off"
"""In place of an address: no page."""
PATIENCE = 5.0
"""Seconds that a client has for its request, and again for taking the answer."""
CLIENTS = 8
"""Served at a time; more are refused."""
_REQUEST = 8192
"""Bytes of the longest request."""


def parse_address(text: str) -> tuple[str, int]:
    """Read ``ADDRESS:PORT``, an IPv6 address in brackets.  Raises BadInput."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        ip_address(host)
        number = int(port) if port.isascii() and port.isdecimal() else -1
    except ValueError:
        number = -1
    if not colon or not 0 <= number <= 0xFFFF:
        raise BadInput(
            f"metrics: {text!r} is no ADDRESS:PORT, such as 127.0.0.1:9754 or [::1]:9754"
        )
    return host, number


class Page:
    """Serves one page over HTTP until it is closed."""

    def __init__(self, content: Callable[[], bytes]) -> None:
        self._content = content
        self._clients = 0
        self._server: asyncio.Server | None = None

    async def open(self, address: str) -> int:
        """Listen; return the port.  Raises BadInput for a bad address, OSError for a taken one."""
        host, port = parse_address(address)
        if not ip_address(host).is_loopback:
            _log.warning("metrics are shown to whoever reaches %s", address)
        self._server = await asyncio.start_server(self._serve, host, port, limit=_REQUEST)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clients >= CLIENTS:
            # At once: who says nothing must not use up the agent's file descriptors.
            writer.write(_response("503 Service Unavailable"))
            writer.close()
            return
        self._clients += 1
        try:
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._answer(head))
            async with asyncio.timeout(PATIENCE):
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._clients -= 1
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if path != b"/metrics":
            return _response("404 Not Found")
        if method not in (b"GET", b"HEAD"):
            return _response("405 Method Not Allowed")
        return _response("200 OK", self._content(), whole=method == b"GET")


def _response(status: str, content: bytes = b"", *, whole: bool = True) -> bytes:
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(content)}",
        "Connection: close",
    )
    return "\r\n".join([*lines, "", ""]).encode() + (content if whole else b"")
