"""Calls to etcd: to one server at a time, and to the next where that one does not answer."""

from __future__ import annotations

import asyncio
import os
import random
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from damselfly.errors import StoreError

from . import answers, requests
from .errors import Ambiguous, Lost, Refused, TokenExpired, translated
from .place import Place

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # What it would print is said by its errors.
RANGE, TXN = "/etcdserverpb.KV/Range", "/etcdserverpb.KV/Txn"
WATCH, KEEP_ALIVE = "/etcdserverpb.Watch/Watch", "/etcdserverpb.Lease/LeaseKeepAlive"
GRANT, REVOKE = "/etcdserverpb.Lease/LeaseGrant", "/etcdserverpb.Lease/LeaseRevoke"
_AUTHENTICATE = "/etcdserverpb.Auth/Authenticate"
_LEADER = ("hasleader", "true")
"""Asks a server that is cut off from the others to refuse instead of telling old news."""
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.keepalive_time_ms", 10_000),  # etcd takes offence at less than 5 seconds
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.use_local_subchannel_pool", 1),  # a new channel tries at once
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
)


class Session:
    """A connection to one of the servers of a cluster; made when first needed."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._turn = random.randrange(len(place.servers))  # noqa: S311  Spreads the load.
        self._channel: Any = None
        self._token: str | None = None
        self._closed = False

    async def call(self, method: str, request: bytes, *, again: bool = False) -> bytes:
        """Ask, and ask the next server where one does not answer.

        ``again``: the request may be carried out twice.  Raises Refused, Compacted, Ahead; Lost
        where no server answers, and Ambiguous where the request may have been carried out.
        """
        doubt = False
        for _ in range(len(self.place.servers) + 1):
            channel = self._open()
            try:
                return await self._authorized(channel, method, request)
            except Lost as lost:
                doubt = doubt or isinstance(lost, Ambiguous)
                last = lost
                await self._leave(channel)
                if doubt and not again:
                    break
        kind = Ambiguous if doubt else Lost
        raise kind(f"{self.place} cannot be reached: {last}")

    async def stream(self, method: str, request: bytes) -> Stream:
        """Begin a conversation with the server that is connected; raises Lost later on."""
        channel = self._open()
        return Stream(self, channel, method, request, await self._metadata(channel))

    async def close(self) -> None:
        """Close the connection; what is under way raises StoreError."""
        self._closed = True
        if (channel := self._channel) is not None:
            self._channel = None
            await channel.close()

    def _open(self) -> grpc.aio.Channel:
        if self._closed:
            raise StoreError("the store is closed")
        if self._channel is None:
            server = self.place.servers[self._turn % len(self.place.servers)]
            self._channel = _channel(server, self.place)
        return self._channel

    async def _leave(self, channel: grpc.aio.Channel) -> None:
        """Turn to the next server, unless somebody else has done so already."""
        if self._channel is channel:
            self._channel = None
            self._turn += 1
            await channel.close()

    async def _authorized(self, channel: grpc.aio.Channel, method: str, request: bytes) -> bytes:
        try:
            return await self._ask(channel, method, request, await self._metadata(channel))
        except TokenExpired as expired:
            if self.place.credentials.user is None:
                raise Refused(f"{self.place} wants to know who we are: {expired}") from None
            self._token = None
            return await self._ask(channel, method, request, await self._metadata(channel))

    async def _metadata(self, channel: grpc.aio.Channel) -> tuple[tuple[str, str], ...]:
        given = self.place.credentials
        if given.user is None:
            return (_LEADER,)
        if self._token is None:
            request = requests.authenticate(given.user, given.secret())
            answer = await self._ask(channel, _AUTHENTICATE, request, (_LEADER,))
            self._token = answers.token(answer)
        return _LEADER, ("token", self._token)

    async def _ask(
        self, channel: grpc.aio.Channel, method: str, request: bytes, metadata: Any
    ) -> bytes:
        with Guarded(self):
            call = channel.unary_unary(method)
            answer: bytes = await call(request, timeout=self.place.timeout, metadata=metadata)
            return answer

    async def failed(self, channel: grpc.aio.Channel, error: StoreError) -> None:
        """Take note that a stream over this channel has failed."""
        if isinstance(error, TokenExpired):
            self._token = None
        else:
            await self._leave(channel)

    @property
    def is_closed(self) -> bool:
        """Tell whether this end has closed it."""
        return self._closed


class Stream:
    """A request that is answered by one message after the other."""

    def __init__(
        self, session: Session, channel: grpc.aio.Channel, method: str, request: bytes, meta: Any
    ) -> None:
        self._session = session
        self._channel = channel
        self._request: bytes | None = request
        with Guarded(session):
            self._call = channel.stream_stream(method)(metadata=meta)

    async def read(self) -> bytes:
        """Return the next message; the first one comes at once.

        Raises Lost when there is none any more.
        """
        patience = None if self._request is None else self._session.place.timeout
        try:
            async with asyncio.timeout(patience):
                return await self._next()
        except (Lost, TokenExpired, TimeoutError) as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
            lost = error if isinstance(error, TokenExpired) else Lost(reason)
            await self._session.failed(self._channel, lost)
            raise Lost(f"{self._session.place} is gone: {reason}") from None

    async def _next(self) -> bytes:
        with Guarded(self._session):
            if self._request is not None:
                await self._call.write(self._request)
            message = await self._call.read()
            if message is grpc.aio.EOF:
                raise Lost("the server has ended the stream")
            self._request = None
            answer: bytes = message
            return answer

    def close(self) -> None:
        """End the conversation."""
        self._call.cancel()


class Guarded:
    """Turns gRPC's errors into ours; a call that was cancelled from within is one as well."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Raise our error instead of gRPC's."""
        if isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if task is None or task.cancelling():
                return
            if self._session.is_closed:
                raise StoreError("the store is closed") from None
            raise Ambiguous("the connection was given up") from None
        if isinstance(error, grpc.aio.UsageError):
            raise StoreError("the store is closed") from None
        if isinstance(error, grpc.RpcError):
            raise translated(error) from None


def _channel(server: str, place: Place) -> grpc.aio.Channel:
    if not place.tls:
        return grpc.aio.insecure_channel(server, options=_OPTIONS)
    ca, key, cert = place.certificates()
    return grpc.aio.secure_channel(
        server, grpc.ssl_channel_credentials(ca, key, cert), options=_OPTIONS
    )
