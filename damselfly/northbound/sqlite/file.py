"""The SQLite database behind the embedded store: its schema and the blocking calls.

One table of objects, one log of what each revision changed.  WAL mode, so that readers and the
writer do not wait for each other; ``synchronous=FULL``, so that a commit that returned survives a
power cut (``NORMAL`` would not lose consistency but could lose the last commits).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from damselfly.errors import Compacted, Conflict, NoStore, StoreError
from damselfly.northbound.store import STATUS, Change, Commit, Contents

SCHEMA_VERSION = 1
_APPLICATION = 0x44464C59
"""Marks the file as ours (``PRAGMA application_id``, "DFLY")."""
_TRIM_EVERY = 64
"""Commits between two trims of the log: rare enough to cost nothing."""
_WAL_ATTEMPTS, _WAL_PAUSE = 100, 0.05

_SCHEMA = (
    "CREATE TABLE object (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    """CREATE TABLE log (
        revision INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, value BLOB,
        PRIMARY KEY (revision, position)
    ) WITHOUT ROWID""",
    "CREATE TABLE state (revision INTEGER NOT NULL, trimmed INTEGER NOT NULL)",
    "INSERT INTO state VALUES (0, 0)",
)


class SqliteFile:
    """One connection to the database; every call may block, and belongs to one thread."""

    def __init__(self, path: Path, *, create: bool, keep: int) -> None:
        self.path = path
        self._keep = keep
        self._own_commits = 0
        with self._clear_errors():
            self._identity: tuple[int, int] | None = _prepare(path, create=create)
            self._db = sqlite3.connect(path, timeout=5.0, isolation_level=None)
            try:
                self._set_up()
            except BaseException:
                self._db.close()
                raise

    def read(self, prefixes: Sequence[str], at: int | None = None) -> Contents:
        """Read as of one revision; of the past only what no policy has changed since."""
        with self._clear_errors(), self._transaction("BEGIN"):
            revision, trimmed = self._state()
            if at is not None:
                if not trimmed <= at <= revision or self._has_policy_since(at):
                    raise Compacted(f"{self.path} no longer knows what it held at revision {at}")
                revision = at
            objects: dict[str, bytes] = {}
            for prefix in prefixes:
                objects.update(self._db.execute(
                    "SELECT key, value FROM object WHERE key >= ? AND key < ?", _range(prefix)
                ))  # fmt: skip
            return Contents(revision, objects)

    def commits_after(self, since: int) -> list[Commit]:
        """Read from the log; raises Compacted where it does not reach back to ``since``."""
        with self._clear_errors(), self._transaction("BEGIN"):
            revision, trimmed = self._state()
            if not trimmed <= since <= revision:
                raise Compacted(f"{self.path} no longer knows what changed since {since}")
            found: dict[int, list[Change]] = {}
            for number, key, value in self._db.execute(
                "SELECT revision, key, value FROM log WHERE revision > ?"
                " ORDER BY revision, position",
                (since,),
            ):
                found.setdefault(number, []).append(Change(key, value))
        return [Commit(number, tuple(changes)) for number, changes in found.items()]

    def commit(self, changes: Sequence[Change], expected: Mapping[str, bytes | None]) -> int:
        """Write all changes or none, durably; return the new revision."""
        with self._clear_errors(), self._transaction("BEGIN IMMEDIATE"):
            for key, value in expected.items():
                row = self._db.execute("SELECT value FROM object WHERE key = ?", (key,)).fetchone()
                if (None if row is None else row[0]) != value:
                    raise Conflict(f"{key} was changed by somebody else")
            revision, _ = self._state()
            if not changes:
                return revision
            self._write(revision + 1, changes)
        self._own_commits += 1
        return revision + 1

    def tick(self) -> tuple[int, int]:
        """Return a value that differs once anybody has committed.

        ``data_version`` sees the commits of other connections only, hence the count of our own.
        """
        with self._clear_errors():
            return self._pragma("data_version"), self._own_commits

    @property
    def is_current(self) -> bool:
        """Tell whether the path still leads to this file: it was neither removed nor replaced."""
        try:
            return _identity(self.path) == self._identity
        except OSError:
            return False

    def close(self) -> None:
        """Close the connection."""
        self._identity = None
        with self._clear_errors():
            self._db.close()

    def _set_up(self) -> None:
        self._db.execute("PRAGMA synchronous = FULL")
        if self._is_empty():
            self._create()
        version, application = self._pragma("user_version"), self._pragma("application_id")
        if application != _APPLICATION:
            raise StoreError(f"{self.path} is a database, but not Damselfly's")
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} has schema version {version}; this Damselfly reads {SCHEMA_VERSION}"
            )

    def _create(self) -> None:
        """Write the schema, unless another process was faster."""
        self._switch_to_wal()
        with self._transaction("BEGIN IMMEDIATE"):
            if self._is_empty():
                for statement in _SCHEMA:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _switch_to_wal(self) -> None:
        """Change the journal's mode; SQLite does not wait for others here, so we do."""
        for _ in range(_WAL_ATTEMPTS):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(_WAL_PAUSE)
            else:
                return
        raise StoreError(f"cannot use the store {self.path}: another process keeps it locked")

    def _has_policy_since(self, revision: int) -> bool:
        found = self._db.execute(
            "SELECT 1 FROM log WHERE revision > ? AND key NOT GLOB ? LIMIT 1",
            (revision, f"{STATUS}*"),
        )
        return found.fetchone() is not None

    def _is_empty(self) -> bool:
        return bool(self._db.execute("SELECT count(*) = 0 FROM sqlite_schema").fetchone()[0])

    def _pragma(self, name: str) -> int:
        value: int = self._db.execute(f"PRAGMA {name}").fetchone()[0]
        return value

    def _state(self) -> tuple[int, int]:
        revision, trimmed = self._db.execute("SELECT revision, trimmed FROM state").fetchone()
        return revision, trimmed

    def _write(self, revision: int, changes: Sequence[Change]) -> None:
        run = self._db.execute
        for position, (key, value) in enumerate(changes):
            if value is None:
                run("DELETE FROM object WHERE key = ?", (key,))
            else:
                run("INSERT OR REPLACE INTO object VALUES (?, ?)", (key, value))
            run("INSERT INTO log VALUES (?, ?, ?, ?)", (revision, position, key, value))
        run("UPDATE state SET revision = ?", (revision,))
        if revision % _TRIM_EVERY == 0 and revision > self._keep:
            run("DELETE FROM log WHERE revision <= ?", (revision - self._keep,))
            run("UPDATE state SET trimmed = ?", (revision - self._keep,))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
            self._db.execute("COMMIT")
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot use the store {self.path}: {_reason(error)}") from error


def _prepare(path: Path, *, create: bool) -> tuple[int, int]:
    """Make the file, for its owner only, where it may be missing; return its identity."""
    if not create and not path.exists():
        raise NoStore(f"there is no store at {path}; `damselfly apply` makes one")
    if create:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _make(path.resolve())
    return _identity(path)


def _make(path: Path) -> None:
    """Make the file; if root does, for the owner of its directory, who may be the agent's user."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.fchown(fd, owner.st_uid, owner.st_gid)
    finally:
        os.close(fd)


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _range(prefix: str) -> tuple[str, str]:
    """Return the first key with the prefix, and the first one after all of them."""
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _reason(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    hints = {
        "SQLITE_BUSY": "another process has kept it locked for 5 seconds",
        "SQLITE_CANTOPEN": "the file cannot be opened (permissions?)",
        "SQLITE_NOTADB": "the file is no SQLite database, or is damaged",
        "SQLITE_CORRUPT": "the database is damaged; restore it or apply the policy to a new one",
        "SQLITE_READONLY": "the file or its directory is read-only",
        "SQLITE_FULL": "the disk is full",
    }
    name = getattr(error, "sqlite_errorname", "")
    return next((hint for code, hint in hints.items() if name.startswith(code)), str(error))
