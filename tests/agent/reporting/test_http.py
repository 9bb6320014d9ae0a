"""The page of figures, asked by friends and by others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from damselfly.agent.reporting import http
from damselfly.agent.reporting.http import Page, parse_address
from damselfly.errors import BadInput


@asynccontextmanager
async def page(address: str = "127.0.0.1:0") -> AsyncIterator[int]:
    shown = Page(lambda: b"figures 1\n")
    try:
        yield await shown.open(address)
    finally:
        await shown.close()


async def answer(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_the_page_is_served() -> None:
    async with page() as port:
        said = await answer(port, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, content = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/plain; version=0.0.4" in head
    assert b"Content-Length: 10" in head
    assert content == b"figures 1\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /metrics?x=1 HTTP/1.1\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /metrics/../etc HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"405"),
        (b"\r\n\r\n", b"404"),
        (b"\x00\xff\r\n\r\n", b"404"),
    ],
)
async def test_other_requests_are_refused(request_: bytes, status: bytes) -> None:
    async with page() as port:
        said = await answer(port, request_)
    assert said.split()[1] == status
    assert b"figures" not in said or request_.startswith(b"GET /metrics")


async def test_a_request_without_end_is_cut_off() -> None:
    async with page() as port:
        assert await answer(port, b"GET /metrics HTTP/1.1\r\n" + b"x" * 100_000) == b""


async def test_who_says_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PATIENCE", 0.05)
    async with page() as port:
        assert await asyncio.wait_for(answer(port, b"GET /met"), 5) == b""


async def test_too_many_clients_are_sent_away() -> None:
    async with page() as port:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(http.CLIENTS)]
        await asyncio.sleep(0.01)
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for reader, writer in crowd:
            assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 503")
            writer.close()
        for _, writer in waiting:
            writer.close()
        await asyncio.sleep(0.01)
        assert (await answer(port, b"GET /metrics HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("text", ["", "9754", "localhost:9754", "127.0.0.1", "::1", "1.2.3.4:x",
                                  "127.0.0.1:65536", "127.0.0.1:-1", ":9754"])  # fmt: skip
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"ADDRESS:PORT"):
        parse_address(text)


def test_addresses_of_both_families_are_read() -> None:
    assert parse_address("127.0.0.1:9754") == ("127.0.0.1", 9754)
    assert parse_address("[::1]:0") == ("::1", 0)
