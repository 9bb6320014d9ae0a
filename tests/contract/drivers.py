"""The drivers that must keep the store's contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.store import Store

DRIVERS: dict[str, Callable[[Path, int], Store]] = {
    "memory": lambda _, keep: MemoryStore(keep=keep),
    "sqlite": lambda directory, keep: SqliteStore(directory / "policy.db", keep=keep),
}
"""Each opens a store in a directory that keeps so many commits in its log."""
