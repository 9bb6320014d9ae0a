"""How the agent logs: lines for people or for programs, and never more than bounded."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from damselfly.northbound.masking import masked

LINES, WINDOW = 20, 60.0
"""So many messages of one kind are logged in so many seconds; of the others only the number."""
_KINDS = 1024
"""Kinds of messages that are told apart; what comes beyond counts as one."""
LogFormat = Literal["text", "json"]


class Bounded(logging.Filter):
    """Lets few messages of one kind through: those that one line of the program logs."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._seen: dict[object, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the record may be logged; it then says how many like it were not."""
        kind: object = (record.pathname, record.lineno)
        if kind not in self._seen and len(self._seen) >= _KINDS:
            kind = None
        since, count = self._seen.get(kind, (self._now(), 0))
        if self._now() - since >= WINDOW:
            since, hidden, count = self._now(), max(0, count - LINES), 0
            if hidden:
                record.msg = f"{record.getMessage()} ({hidden} more like this were not logged)"
                record.args = None
        self._seen[kind] = since, count + 1
        return count < LINES


class Lines(logging.Formatter):
    """A line of text; no password of a store's URL ever gets into one."""

    def format(self, record: logging.LogRecord) -> str:
        """Spell a record."""
        return masked(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line; without passwords, too."""

    def format(self, record: logging.LogRecord) -> str:
        """Spell a record."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return masked(json.dumps(said, ensure_ascii=False))


def log_to_stderr(form: LogFormat, *, verbose: bool = False) -> None:
    """Log this process to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Bounded())
    handler.setFormatter(
        JsonLines() if form == "json" else Lines("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
