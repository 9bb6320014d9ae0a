"""What goes over the wire between an agent and its switch, counted by a relay between them."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Self

FLOW_MOD, EXPERIMENTER, METER_MOD = 14, 4, 29
ONF, BUNDLE_ADD = 0x4F4E4600, 2301


class Relay:
    """A socket that passes an OpenFlow connection on and counts the agent's messages by type."""

    def __init__(self, target: Path, path: Path) -> None:
        """Listen at ``path``, pass on to ``target``; ends with the test's process."""
        self.path = path
        self.sent: Counter[int] = Counter()
        self._target = target
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        """Return the relay."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to listen."""
        self._listener.close()

    @property
    def flow_mods(self) -> int:
        """How many flow-mods the agent has sent, those in bundles included."""
        return self.sent[FLOW_MOD]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                agent, _ = self._listener.accept()
                switch = socket.socket(socket.AF_UNIX)
                switch.connect(str(self._target))
                for ends in ((agent, switch, True), (switch, agent, False)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, count: bool) -> None:
        pending = b""
        with suppress(OSError):
            while data := source.recv(65536):
                if count:
                    pending = self._count(pending + data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def _count(self, data: bytes) -> bytes:
        """Count the whole messages; return what is left of the last one."""
        while len(data) >= 8:
            _, kind, length = struct.unpack_from("!BBH", data)
            if len(data) < length:
                break
            if kind == EXPERIMENTER and struct.unpack_from("!II", data, 8) == (ONF, BUNDLE_ADD):
                kind = data[8 + 8 + 8 + 1]
            self.sent[kind] += 1
            data = data[length:]
        return data
