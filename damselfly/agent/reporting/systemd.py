"""What systemd is told: that the agent is ready, and that it still turns (sd_notify(3)).

A datagram to the socket that ``NOTIFY_SOCKET`` names; without one nothing is said.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket

_log = logging.getLogger(__name__)


def notify(said: str) -> None:
    """Tell systemd, if it listens; ``READY=1``, ``WATCHDOG=1``, ``STOPPING=1``."""
    name = os.environ.get("NOTIFY_SOCKET", "")
    if name[:1] not in ("/", "@"):
        return
    # A name in the abstract namespace begins with a zero byte.
    address = f"\0{name[1:]}" if name[0] == "@" else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            sender.sendto(said.encode(), address)
    except OSError as error:
        _log.debug("systemd cannot be told %s: %s", said, error)


def watchdog_interval() -> float | None:
    """Return how often systemd wants a sign of life, halved, in seconds; None where it does not."""
    usec, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or not int(usec) or pid not in ("", str(os.getpid())):
        return None
    return int(usec) / 2e6


async def give_signs_of_life() -> None:
    """Tell the watchdog, for ever, that the agent's loop still turns."""
    interval = watchdog_interval()
    while interval is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval)
