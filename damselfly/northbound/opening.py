"""Which driver serves a store's URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from damselfly.errors import BadInput

from .memory import MemoryStore
from .sqlite import SqliteStore
from .store import Store

DEFAULT_URL = "sqlite:////var/lib/damselfly/policy.db"


def open_store(url: str, *, create: bool = True) -> Store:
    """Open ``sqlite:///path`` (four slashes for an absolute path) or ``memory://``.

    A file that does not exist is made only if ``create``.  Raises BadInput for a URL that no
    driver serves, StoreError where the store cannot be opened.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return SqliteStore(Path(unquote(parts.path[1:])), create=create)
    if parts.scheme == "memory" and not parts.netloc and not parts.path:
        return MemoryStore()
    raise BadInput(
        f"{url!r} is no store; accepted: sqlite:///relative/path, sqlite:////absolute/path, memory://"
    )
