"""The flood: new connections to random ports, as a process of its own in the flooder's namespace.

Run as a program, ``python -m bench.ours.flood.load JSON`` with the fields of :class:`Flood`.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import socket
import sys
import time
from dataclasses import asdict, dataclass

from bench.ours.frames import TCP, UDP, Ends, frame

_CLONE_NEWNET = 0x40000000
_FRAMES = 60_000
_BURST = 16
_PAUSE = 0.0005
_NOBODY = 0x02_FE_FE_FE_FE_FE
"""The MAC to which goes what is meant for the outside; no port has it."""


@dataclass(frozen=True, slots=True)
class Flood:
    """Who floods whom, and how fast."""

    namespace: str
    """Path of the flooder's network namespace."""
    source_mac: int
    source: int
    destination_mac: int
    destination: int
    rate: float
    """Packets a second; 0: as fast as the card takes them."""

    def command(self) -> list[str]:
        """Return the command that runs this flood until it is killed."""
        return [sys.executable, "-m", "bench.ours.flood.load", json.dumps(asdict(self))]


def _frames(flood: Flood) -> list[bytes]:
    """Return frames with random ports, every other one to the victim, the rest elsewhere."""
    chance = random.Random(1)
    found = []
    for number in range(_FRAMES):
        elsewhere = chance.randrange(11 << 24, 220 << 24)
        ends = (
            Ends(flood.source_mac, flood.destination_mac, flood.destination)
            if number % 2
            else Ends(flood.source_mac, _NOBODY, elsewhere)
        )
        ports = chance.randrange(1, 1 << 16), chance.randrange(1, 1 << 16)
        found.append(frame(ends, chance.choice((TCP, UDP)), flood.source, *ports))
    return found


def _card(namespace: str) -> socket.socket:
    descriptor = os.open(namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind(("eth0", 0))
    return opened


def main() -> None:
    """Flood until killed."""
    flood = Flood(**json.loads(sys.argv[1]))
    frames, card = _frames(flood), _card(flood.namespace)
    start, sent = time.perf_counter(), 0
    while True:
        if flood.rate and sent > flood.rate * (time.perf_counter() - start):
            time.sleep(_PAUSE)
            continue
        for _ in range(_BURST):
            try:
                card.send(frames[sent % _FRAMES])
            except BlockingIOError:
                pass
            except OSError as error:  # the card's queue is full
                if error.errno != 105:
                    raise
            sent += 1


if __name__ == "__main__":
    main()
