"""Who reaches whom: many probes at once, by the kernels of the VMs, without a process for each.

A probe's sockets live in the VM's namespace, so the VM's own TCP/IP stack sends and answers.
"""

from __future__ import annotations

import errno
import itertools
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_address

from .vm import VM

_ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
_ECHO_REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
_idents = itertools.count(os.getpid())


@dataclass(frozen=True)
class Probe:
    """One question: does an answer come back to the source from that address."""

    source: VM
    address: str
    protocol: str
    """``tcp``, ``udp`` or ``icmp`` (an echo request, of the address's family)."""
    port: int = 0

    @property
    def family(self) -> socket.AddressFamily:
        """The socket family of the address."""
        return socket.AF_INET if ip_address(self.address).version == 4 else socket.AF_INET6


def reach(probes: Iterable[Probe], wait: float = 1.0) -> dict[Probe, bool]:
    """Ask all questions at once; what has no answer after ``wait`` seconds is not reached.

    A refused TCP connection and an ICMP port unreachable are answers.  UDP needs an :class:`Echo`
    at the other end, or none at all.
    """
    asked = {probe: _Question(probe) for probe in probes}
    end = time.monotonic() + wait
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for question in asked.values():
            stack.callback(question.socket.close)
            question.ask()
            selector.register(question.socket, question.events, question)
        while selector.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if key.data.settled():
                    selector.unregister(key.fileobj)
    return {probe: question.answered for probe, question in asked.items()}


def reaches(probe: Probe, wait: float = 1.0) -> bool:
    """Ask one question."""
    return reach([probe], wait)[probe]


class _Question:
    """A probe under way."""

    def __init__(self, probe: Probe) -> None:
        self.answered = False
        self._probe = probe
        self._ident = next(_idents) & 0xFFFF
        self._icmp = probe.protocol == "icmp"
        self.events = selectors.EVENT_WRITE if probe.protocol == "tcp" else selectors.EVENT_READ
        self.socket = self._open()
        self.socket.setblocking(False)

    def _open(self) -> socket.socket:
        family = self._probe.family
        inside = self._probe.source.namespace
        if self._icmp:
            protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
            return inside.open_socket(family, socket.SOCK_RAW, protocol)
        kind = socket.SOCK_STREAM if self._probe.protocol == "tcp" else socket.SOCK_DGRAM
        return inside.open_socket(family, kind)

    def ask(self) -> None:
        """Send the first packet."""
        self.socket.connect_ex((self._probe.address, self._probe.port))
        if self._icmp:
            self.socket.send(_echo_request(self._probe.family, self._ident))
        elif self._probe.protocol == "udp":
            self.socket.send(b"probe")

    def settled(self) -> bool:
        """Look at what the socket has; tell whether the question needs no more waiting."""
        if self._probe.protocol == "tcp":
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.answered = error in {0, errno.ECONNREFUSED}
            return True
        try:
            packet = self.socket.recv(65535)
        except BlockingIOError:
            return False
        except OSError as error:
            self.answered = error.errno == errno.ECONNREFUSED
            return True
        self.answered = not self._icmp or self._is_reply(packet)
        return self.answered

    def _is_reply(self, packet: bytes) -> bool:
        family = self._probe.family
        header = (packet[0] & 0xF) * 4 if family == socket.AF_INET else 0
        kind, _, _, ident = struct.unpack_from("!BBHH", packet, header)
        return bool(kind == _ECHO_REPLY[family] and ident == self._ident)


def _echo_request(family: socket.AddressFamily, ident: int) -> bytes:
    kind = _ECHO_REQUEST[family]
    body = struct.pack("!HH", ident, 1) + b"damselfly lab"
    if family == socket.AF_INET6:  # The kernel fills in the checksum of ICMPv6 only.
        return struct.pack("!BBH", kind, 0, 0) + body
    return struct.pack("!BBH", kind, 0, _checksum(struct.pack("!BBH", kind, 0, 0) + body)) + body


def _checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
