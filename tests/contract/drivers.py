"""The drivers that must keep the store's contract."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from damselfly.northbound.etcd import EtcdStore, Place
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Store
from lab.etcd import Cluster


@functools.cache
def etcd() -> Cluster:
    """Start the one server that these tests share; it ends with them."""
    directory = Path(tempfile.mkdtemp(prefix="damselfly-etcd-"))
    cluster = Cluster(directory)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(cluster.__exit__, None, None, None)
    return cluster.__enter__()


def _etcd(directory: Path, _: int) -> Store:
    return EtcdStore(Place.at(f"{etcd().url}{directory}"))


DRIVERS: dict[str, Callable[[Path, int], Store]] = {
    "memory": lambda _, keep: MemoryStore(keep=keep),
    "sqlite": lambda directory, keep: SqliteStore(directory / "policy.db", keep=keep),
    "etcd": _etcd,
}
"""Each opens the store of a directory, one that keeps so many commits in its log."""


def forget(driver: str, revision: int) -> None:
    """Have the log end before a revision, where it does not do so by the number of commits."""
    if driver == "etcd":
        etcd().ctl("compact", str(revision))
