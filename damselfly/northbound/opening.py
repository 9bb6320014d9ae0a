"""Which driver serves a store's URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from damselfly.errors import BadInput

from .masking import masked
from .memory import MemoryStore
from .sqlite import SqliteStore
from .store import Store

DEFAULT_URL = "sqlite:////var/lib/damselfly/policy.db"
_ACCEPTED = "sqlite:///relative/path, sqlite:////absolute/path, etcd://HOST[:PORT][,...][/PREFIX], memory://"


def open_store(url: str, *, create: bool = True) -> Store:
    """Open ``sqlite:///path`` (four slashes for an absolute path), ``etcd://...`` or ``memory://``.

    A file that does not exist is made only if ``create``; etcd is not asked anything yet.  What an
    ``etcd://`` URL may say is told in docs/etcd.md.  Raises BadInput for a URL that no driver
    serves, StoreError where the store cannot be opened.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        return SqliteStore(Path(unquote(parts.path[1:])), create=create)
    if parts.scheme == "memory" and not parts.netloc and not parts.path:
        return MemoryStore()
    if parts.scheme == "etcd" and parts.netloc:
        return _etcd(url)
    raise BadInput(f"{masked(url)!r} is no store; accepted: {_ACCEPTED}")


def _etcd(url: str) -> Store:
    try:
        from .etcd import EtcdStore, Place  # noqa: PLC0415  gRPC is an extra, and takes a while.
    except ModuleNotFoundError as error:
        raise BadInput(
            f"etcd needs the library {error.name}: pip install 'damselfly[etcd]'"
        ) from None
    return EtcdStore(Place.at(url))
