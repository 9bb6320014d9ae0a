"""Learn from the kernel that somebody writes to a file, instead of looking all the time.

SQLite writes a transaction to the write-ahead log first and shows it to others a moment later,
after the disk has it.  So a ring says that a look will soon be worth it: looks follow quickly,
then ever more slowly, then only once a second.  Source: inotify(7).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from pathlib import Path
from types import TracebackType
from typing import Self

_IN_MODIFY = 0x2
_SOONEST, _LATEST, _IDLE = 0.001, 0.04, 1.0
"""Seconds between two looks: right after a ring, long after it, without one."""
_UNANSWERED, _ANSWERED = 2.0, 0.25
"""Seconds after a ring in which looks go on: before and after one of them found something."""
_WITHOUT_BELL = 0.015
"""Seconds between two looks where the kernel has no inotify instance to spare."""


class Doorbell:
    """Paces the looks at a file that other processes write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._news = asyncio.Event()
        self._rung_at = float("-inf")
        self._window = _UNANSWERED

    def __enter__(self) -> Self:
        """Begin to listen; belongs to the running event loop."""
        try:
            self._fd = _listen(self._path)
        except OSError:
            return self
        asyncio.get_running_loop().add_reader(self._fd, self._ring)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop listening."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)

    def answered(self) -> None:
        """Note that a look found something; a second writer may still be at it."""
        self._window = _ANSWERED

    async def pause(self) -> None:
        """Wait until the next look is worth it."""
        if self._fd < 0:
            await asyncio.sleep(_WITHOUT_BELL)
            return
        passed = asyncio.get_running_loop().time() - self._rung_at
        if passed < self._window:
            await asyncio.sleep(min(max(passed / 4, _SOONEST), _LATEST))
            return
        self._news.clear()
        try:
            async with asyncio.timeout(_IDLE):
                await self._news.wait()
        except TimeoutError:
            pass

    def _ring(self) -> None:
        try:
            os.read(self._fd, 1 << 16)
        except BlockingIOError:
            return
        self._rung_at = asyncio.get_running_loop().time()
        self._window = _UNANSWERED
        self._news.set()


def _listen(path: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    fd: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if fd >= 0 and libc.inotify_add_watch(fd, os.fsencode(path), _IN_MODIFY) >= 0:
        return fd
    number = ctypes.get_errno()
    if fd >= 0:
        os.close(fd)
    raise OSError(number, os.strerror(number))
