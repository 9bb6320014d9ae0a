"""The message header, framing, and the numbers that several modules share.

Source: OpenFlow Switch Specification 1.3.5, 7.1; ovs-fields(7) for the extensions' ids.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from damselfly.errors import SwitchError

VERSION = 4
"""OpenFlow 1.3 on the wire."""
HEADER = struct.Struct("!BBHI")
"""Version, type, length of the whole message, transaction id (xid)."""
LARGEST = 0xFFFF
"""Bytes of the longest message."""
NICIRA = 0x00002320
ONF = 0x4F4E4600
_EXPERIMENTER = struct.Struct("!BBHIII")
_XID = struct.Struct("!I")


class Type(IntEnum):
    """Message types (OFPT_*)."""

    HELLO = 0
    ERROR = 1
    ECHO_REQUEST = 2
    ECHO_REPLY = 3
    EXPERIMENTER = 4
    FEATURES_REQUEST = 5
    SET_CONFIG = 9
    PACKET_OUT = 13
    FLOW_MOD = 14
    MULTIPART_REQUEST = 18
    MULTIPART_REPLY = 19
    BARRIER_REQUEST = 20
    METER_MOD = 29


class Port(IntEnum):
    """Reserved port numbers (OFPP_*)."""

    IN_PORT = 0xFFFFFFF8
    CONTROLLER = 0xFFFFFFFD
    ANY = 0xFFFFFFFF


class ProtocolError(SwitchError):
    """Bytes that are not the OpenFlow we know, or a value that OpenFlow cannot say."""


def message(kind: int, xid: int, body: bytes = b"") -> bytes:
    """Put the header before a message's body; raise ProtocolError if it gets too long."""
    length = HEADER.size + len(body)
    if length > LARGEST:
        raise ProtocolError(f"a message of {length} bytes is too long for OpenFlow")
    return HEADER.pack(VERSION, kind, length, xid) + body


def experimenter(vendor: int, subtype: int, xid: int, body: bytes = b"") -> bytes:
    """Encode a message of one of the extensions."""
    length = _EXPERIMENTER.size + len(body)
    if length > LARGEST:
        raise ProtocolError(f"a message of {length} bytes is too long for OpenFlow")
    return _EXPERIMENTER.pack(VERSION, Type.EXPERIMENTER, length, xid, vendor, subtype) + body


def xid_of(whole: bytes) -> int:
    """Read a message's transaction id."""
    xid: int = _XID.unpack_from(whole, 4)[0]
    return xid


def padding(length: int) -> bytes:
    """Return the zeroes that bring a length to a multiple of 8."""
    return bytes(-length % 8)


class Framer:
    """Cuts a stream of bytes into whole messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take what was read and return the messages it completes, headers included.

        Raises ProtocolError where no message can begin; the stream is lost then.
        """
        data = self._rest + chunk if self._rest else chunk
        messages, start = [], 0
        while len(data) - start >= HEADER.size:
            version, _, length, _ = HEADER.unpack_from(data, start)
            # A peer that knows no version of ours says so in a message of its own version.
            if length < HEADER.size or not version:
                raise ProtocolError(f"no OpenFlow message begins with {data[start : start + 8]!r}")
            if len(data) - start < length:
                break
            messages.append(data[start : start + length])
            start += length
        self._rest = data[start:]
        return messages


_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def decoder(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Make a decoding function raise ProtocolError, and nothing else, for malformed bytes."""

    @wraps(function)
    def guarded(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except (struct.error, IndexError, ValueError) as error:
            raise ProtocolError(f"{function.__name__}: malformed bytes: {error}") from error

    return guarded
