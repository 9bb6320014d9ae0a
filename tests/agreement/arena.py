"""Where tests meet the real switch, one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable

from .real import DummySwitch, RealSwitch

_LIFETIME = 10.0
"""Seconds; after 15 Open vSwitch gives up a fragment that waits, and sends it into later cases."""


class Arena:
    """A real switch, replaced before what it still holds can come back."""

    def __init__(self, ofports: Iterable[int]) -> None:
        self._ofports = tuple(ofports)
        self._runner = asyncio.Runner()
        self._start()

    def run(self, test: Callable[[RealSwitch], Coroutine[None, None, None]]) -> None:
        """Run a test with the switch."""
        if time.monotonic() - self._started > _LIFETIME:
            self._stop()
            self._start()
        self._runner.run(test(self._switch))

    def close(self) -> None:
        """Stop the switch."""
        self._stop()
        self._runner.close()

    def _start(self) -> None:
        self._started = time.monotonic()
        self._switch = self._runner.run(RealSwitch.on(DummySwitch(self._ofports)))

    def _stop(self) -> None:
        self._runner.run(self._switch.close())
        self._switch.dummy.close()
