"""One OpenFlow connection: what is sent and in which order, what it was answered, and when.

All writing goes through one queue, which is flushed once per read or per turn of the event loop.
A *gate* in the queue holds back what was written after it, until it is known what takes its place.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from damselfly.errors import SwitchGone

from .codec.errors import Refusal, decode_error
from .codec.stats import is_last
from .codec.wire import VERSION, Framer, ProtocolError, Type, message, xid_of

PATIENCE = 15.0
"""Seconds that the switch has to answer anything, and may be silent."""
_PROBES = 3
"""How often the switch is asked within that time whether it is there."""
_LAST_XID = 0xFFFFFFFF


@dataclass(eq=False, slots=True)
class Exchange:
    """Requests on their way; the answer to the last of them ends the exchange."""

    xids: range
    done: asyncio.Future[None]
    deadline: asyncio.TimerHandle
    refusals: list[Refusal] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)


class _Gate:
    """A place in the queue whose bytes are not known yet."""

    content: bytes | None = None


class Link(asyncio.Protocol):
    """An OpenFlow connection to a switch, as an asyncio protocol."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.on_message: Callable[[bytes], None] = lambda _: None
        """Takes what is no answer: packets, port changes."""
        self.on_refusal: Callable[[Refusal], None] = lambda _: None
        """Takes the errors of requests for whose answer nobody waits."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self.greeted: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[SwitchGone] = loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._framer = Framer()
        self._queue: deque[bytes | _Gate] = deque()
        self._flushing = False
        self._waiting: dict[int, Exchange] = {}
        self._next_xid = 1
        self._silent = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to watch over the connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._timer = self._loop.call_later(self.patience / _PROBES, self._probe)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody who waits."""
        self.fail(f"the connection broke: {exc}" if exc else "the switch closed the connection")

    def data_received(self, data: bytes) -> None:
        """Handle all messages that have come, then send all that this led to."""
        self._silent = 0
        self._flushing = True
        try:
            for whole in self._framer.feed(data):
                self._receive(whole)
        except ProtocolError as error:
            self.fail(str(error))
        finally:
            self._flush()

    def reserve(self, count: int) -> range:
        """Return that many transaction ids in a row, none of them in use."""
        if self._next_xid + count > _LAST_XID:
            self._next_xid = 1
        first = self._next_xid
        self._next_xid += count
        return range(first, first + count)

    def write(self, data: bytes) -> None:
        """Send bytes behind all that was written before."""
        self._queue.append(data)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def expect(self, xids: range, extra: float = 0) -> Exchange:
        """Begin an exchange: its requests have these xids, and the last one is answered.

        The connection is given up if no answer comes in time, ``extra`` seconds included.
        """
        seconds = self.patience + extra
        late = self._loop.call_later(seconds, self.fail, f"no answer within {seconds:g} s")
        exchange = Exchange(xids, self._loop.create_future(), late)
        # Nobody need wait for it: a gate's exchange may end unheard.
        exchange.done.add_done_callback(_heard)
        if self.lost.done():
            self._end(exchange, str(self.lost.result()))
        else:
            self._waiting[xids[-1]] = exchange
        return exchange

    def gate(self, staged: Exchange, content: Callable[[Exchange], bytes]) -> None:
        """Hold back what is written from now on; send ``content(staged)`` before it, once known."""
        gate = _Gate()
        self._queue.append(gate)

        def open_gate(_: asyncio.Future[None]) -> None:
            gate.content = content(staged)
            self._flush()

        staged.done.add_done_callback(open_gate)

    def fail(self, reason: str) -> None:
        """Give the connection up: whoever waits gets SwitchGone."""
        if self.lost.done():
            return
        self.lost.set_result(SwitchGone(reason))
        if not self.greeted.done():
            self.greeted.set_exception(SwitchGone(reason))
            _heard(self.greeted)
        if self._timer is not None:
            self._timer.cancel()
        for exchange in self._waiting.values():
            self._end(exchange, reason)
        self._waiting.clear()
        self._queue.clear()
        if self._transport is not None:
            self._transport.abort()

    def finish(self) -> None:
        """Send what can be sent and close the connection."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        self._flushing = False
        ready = []
        while self._queue:
            first = self._queue[0]
            content = first.content if isinstance(first, _Gate) else first
            if content is None:
                break
            ready.append(content)
            self._queue.popleft()
        if ready and self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(ready))

    def _receive(self, whole: bytes) -> None:
        kind, xid = whole[1], xid_of(whole)
        if xid in self._waiting and kind != Type.ERROR:
            self._answer(self._waiting[xid], whole)
        elif kind == Type.EXPERIMENTER:
            self.on_message(whole)
        elif kind == Type.ERROR:
            self._refuse(decode_error(whole))
        elif kind == Type.ECHO_REQUEST:
            self.write(message(Type.ECHO_REPLY, xid, whole[8:]))
        elif kind == Type.HELLO:
            self._greet(whole)

    def _answer(self, exchange: Exchange, whole: bytes) -> None:
        exchange.answers.append(whole)
        if whole[1] != Type.MULTIPART_REPLY or is_last(whole):
            del self._waiting[exchange.xids[-1]]
            self._end(exchange)

    def _refuse(self, refusal: Refusal) -> None:
        if not self.greeted.done():
            self.fail(f"the bridge does not speak OpenFlow 1.3 with us: {refusal.name}")
            return
        for exchange in self._waiting.values():
            if refusal.xid in exchange.xids:
                break
        else:
            self.on_refusal(refusal)
            return
        exchange.refusals.append(refusal)
        if refusal.xid == exchange.xids[-1]:
            del self._waiting[refusal.xid]
            self._end(exchange)

    def _greet(self, hello: bytes) -> None:
        if self.greeted.done():
            return
        if _speaks_ours(hello):
            self.greeted.set_result(None)
        else:
            self.fail("the bridge does not speak OpenFlow 1.3; see its column 'protocols'")

    def _end(self, exchange: Exchange, reason: str | None = None) -> None:
        exchange.deadline.cancel()
        if exchange.done.done():
            return
        if reason is None:
            exchange.done.set_result(None)
        else:
            exchange.done.set_exception(SwitchGone(reason))

    def _probe(self) -> None:
        self._silent += 1
        if self._silent > _PROBES:
            self.fail(f"the switch was silent for {self.patience:g} s")
            return
        if self._silent > 1:
            self.write(message(Type.ECHO_REQUEST, self.reserve(1)[0]))
        self._timer = self._loop.call_later(self.patience / _PROBES, self._probe)


def _heard(done: asyncio.Future[None]) -> None:
    """Look at the outcome, so that nobody complains that no one did."""
    if not done.cancelled():
        done.exception()


def _speaks_ours(hello: bytes) -> bool:
    """Read a hello: a bitmap of versions where there is one, else the highest version."""
    start = 8
    while start + 8 <= len(hello):
        kind = int.from_bytes(hello[start : start + 2], "big")
        length = int.from_bytes(hello[start + 2 : start + 4], "big")
        if kind == 1 and length >= 8:
            return bool(int.from_bytes(hello[start + 4 : start + 8], "big") >> VERSION & 1)
        start += max(8, length + (-length % 8))
    return hello[0] >= VERSION
