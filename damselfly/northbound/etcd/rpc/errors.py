"""What can go wrong between us and etcd, told apart by what can be done about it."""

from __future__ import annotations

from typing import Any

import grpc

from damselfly.errors import Compacted, StoreError

_EXPIRED = ("invalid auth token", "revision of auth store is old", "user name is empty")
_UNREACHED = ("failed to connect", "connection refused", "dns resolution failed")


class Refused(StoreError):
    """etcd understood the request and will not do it."""


class Lost(StoreError):
    """No answer, and nothing was done: another server may be asked."""


class Ambiguous(Lost):
    """No answer, and nobody knows whether it was done."""


class Ahead(StoreError):
    """etcd, or the one server that was asked, has not come to the revision yet."""


class TokenExpired(StoreError):
    """Who we are must be proved anew."""


def translated(error: grpc.RpcError) -> StoreError:
    """Return our error for gRPC's."""
    given: Any = error
    code, details = given.code(), given.details() or ""
    plain = details.removeprefix("etcdserver: ")
    if any(text in details for text in _EXPIRED):
        return TokenExpired(plain)
    if "required revision has been compacted" in details:
        return Compacted("etcd no longer knows the revision")
    if "future revision" in details:
        return Ahead("etcd has not come to the revision yet")
    if "database space exceeded" in details:
        return Refused(
            "etcd is full and takes no more (alarm NOSPACE): compact and defragment it, "
            "then `etcdctl alarm disarm`"
        )
    if code is grpc.StatusCode.PERMISSION_DENIED:
        return Refused(f"etcd does not permit that: {plain}")
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN):
        unsent = any(text in details.lower() for text in _UNREACHED)
        return Lost(plain) if unsent else Ambiguous(plain)
    if code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        return Ambiguous("no answer in time")
    return Refused(plain or str(code))
