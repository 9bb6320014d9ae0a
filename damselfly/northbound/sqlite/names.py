"""Names that one process alone may have: a locked file each, beside the database.

The kernel takes the lock away from a process that ends, however it ends.  Source: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from urllib.parse import quote, unquote

from damselfly.errors import NameTaken, StoreError

_ATTEMPTS, _PAUSE = 3, 0.02
"""Somebody may just be looking whether it is held."""


class Names:
    """The names of one store that this process has; every call may block for a moment."""

    def __init__(self, path: Path) -> None:
        self._prefix = path.with_name(f"{path.name}-held-")
        self._files: dict[str, int] = {}

    def hold(self, name: str, holder: bytes) -> None:
        """Take the name, or keep it.  Raises NameTaken."""
        if name in self._files:
            return
        path = self._path(name)
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError:
            return  # Nor can this process say anything of itself there.
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from error
        if not _locked(fd, fcntl.LOCK_EX):
            known = os.read(fd, 1 << 16)
            os.close(fd)
            raise NameTaken(f"{name} is held", known)
        os.ftruncate(fd, 0)
        os.pwrite(fd, holder, 0)
        self._files[name] = fd

    def holders(self) -> dict[str, bytes]:
        """Return the names that anybody has, with what the holders say of themselves."""
        held = {}
        for path in self._prefix.parent.glob(f"{self._prefix.name}*"):
            name = unquote(path.name.removeprefix(self._prefix.name))
            try:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            if name in self._files or not _locked(fd, fcntl.LOCK_SH, attempts=1):
                held[name] = os.read(fd, 1 << 16)
            os.close(fd)
        return held

    def close(self) -> None:
        """Give all names free."""
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()

    def _path(self, name: str) -> Path:
        return self._prefix.with_name(self._prefix.name + quote(name, safe=""))


def _locked(fd: int, kind: int, attempts: int = _ATTEMPTS) -> bool:
    for attempt in range(attempts):
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < attempts:
                time.sleep(_PAUSE)
        else:
            return True
    return False
