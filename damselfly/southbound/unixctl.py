"""Commands for a daemon of Open vSwitch, as ovs-appctl(8) gives them.

The daemon listens on a Unix socket and speaks JSON-RPC 1.0; commands and answers are text.
What OpenFlow has no message for goes this way: the contents of the connection tracker.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

from damselfly.errors import SwitchError, SwitchGone

PATIENCE = 15.0
"""Seconds that the daemon has for an answer."""
_CHUNK = 1 << 18
_VSWITCHD = "ovs-vswitchd"


async def ask_vswitchd(rundir: Path, command: str, *arguments: str) -> str:
    """Give a command to the ovs-vswitchd whose sockets are in a directory; return its answer.

    Raises SwitchGone where none answers, SwitchError where it refuses the command.
    """
    problem = f"there is no control socket of {_VSWITCHD} in {rundir}"
    for socket in _sockets(rundir):
        try:
            return await ask(socket, command, *arguments)
        except SwitchGone as gone:
            problem = str(gone)
    raise SwitchGone(problem)


async def ask(socket: Path, command: str, *arguments: str, patience: float = PATIENCE) -> str:
    """Give a command to the daemon behind a control socket; return its answer.

    Raises SwitchGone where nobody answers, SwitchError where the daemon refuses the command.
    """
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return _answer(command, await _exchange(reader, writer, command, arguments))
            finally:
                writer.close()
    except TimeoutError:
        raise SwitchGone(f"{socket}: no answer within {patience:g} s") from None
    except OSError as error:
        raise SwitchGone(f"{socket}: {error.strerror or error}") from None


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    command: str,
    arguments: tuple[str, ...],
) -> object:
    request = {"method": command, "params": arguments, "id": 0}
    writer.write(json.dumps(request).encode())
    parts: list[bytes] = []
    while part := await reader.read(_CHUNK):
        parts.append(part)
        # Nothing marks the end of an answer but its last brace, which text may hold as well.
        if part.rstrip().endswith(b"}"):
            try:
                return json.loads(b"".join(parts))
            except ValueError:
                continue
    raise OSError("the connection was closed without an answer")


def _answer(command: str, reply: object) -> str:
    said = reply if isinstance(reply, dict) else {}
    if said.get("error") is not None:
        raise SwitchError(f"{_VSWITCHD} refused {command}: {str(said['error']).strip()}")
    return str(said.get("result", ""))


def _sockets(rundir: Path) -> Iterator[Path]:
    """Yield the control sockets, that of the process in the pid file first; others may be stale."""
    try:
        pid = (rundir / f"{_VSWITCHD}.pid").read_text().strip()
    except OSError:
        pid = ""
    first = rundir / f"{_VSWITCHD}.{pid}.ctl"
    found = sorted(rundir.glob(f"{_VSWITCHD}.*.ctl"))
    yield from sorted(found, key=lambda path: path != first)
