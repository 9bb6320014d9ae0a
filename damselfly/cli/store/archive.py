"""A store's policy in a file: JSON lines, compressed, with a checksum at the end.

First line: what it is, and as of which revision.  Then one line an object.  Last: how many, and the
SHA-256 of all lines before it, so that a file that was cut short is never taken for whole.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from damselfly import __version__
from damselfly.errors import BadInput
from damselfly.northbound.store import Contents

_KIND, _VERSION = "damselfly-backup", 1


def save(contents: Contents, path: Path) -> None:
    """Write the objects to a file for its owner only; an old one is replaced at once.

    Raises BadInput where the file cannot be written.
    """
    lines = b"".join(_lines(contents))
    end = {"objects": len(contents.objects), "sha256": hashlib.sha256(lines).hexdigest()}
    data = gzip.compress(lines + _line(end), mtime=0)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{path}: {error.strerror}") from None


def load(path: Path) -> Contents:
    """Read a file that :func:`save` wrote.  Raises BadInput where it is not whole."""
    try:
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "is no backup, or was cut short"
        raise BadInput(f"{path}: {reason}") from None
    try:
        head, *middle, end = (json.loads(line) for line in lines)
        if head["kind"] != _KIND or head["v"] != _VERSION:
            raise BadInput(f"{path}: is of another kind or version: {head['kind']} {head['v']}")
        if end["sha256"] != hashlib.sha256(b"".join(lines[:-1])).hexdigest():
            raise BadInput(f"{path}: is damaged: the checksum does not fit")
        objects = {each["key"]: _value(each) for each in middle}
        return Contents(int(head["revision"]), objects)
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"{path}: is no backup, or was cut short") from None


def _lines(contents: Contents) -> Iterator[bytes]:
    yield _line({
        "kind": _KIND, "v": _VERSION, "revision": contents.revision, "at": time.time(),
        "by": __version__,
    })  # fmt: skip
    for key, value in sorted(contents.objects.items()):
        try:
            yield _line({"key": key, "value": value.decode()})
        except UnicodeDecodeError:
            yield _line({"key": key, "base64": base64.b64encode(value).decode()})


def _line(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _value(fields: Mapping[str, str]) -> bytes:
    return fields["value"].encode() if "value" in fields else base64.b64decode(fields["base64"])
