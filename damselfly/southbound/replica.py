"""A replica of a few columns of the Open_vSwitch database, kept up to date on asyncio's loop.

Built on the ``ovs`` package, the reference client that Open vSwitch itself maintains: it keeps the
replica, probes the connection and makes it anew.  It only wants to be told when to look, so neither
a thread nor a blocking wait is needed.  ``ovsdbapp`` would put both, and more packages, around the
same replica, for commands that nobody here gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import ovs.poller
import ovs.timeval
from ovs.db.idl import Idl, SchemaHelper, Transaction

from damselfly.errors import SwitchError, SwitchGone

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_OPTIONAL_TEXT = {"type": {"key": "string", "min": 0, "max": 1}}
_OPTIONAL_NUMBER = {"type": {"key": "integer", "min": 0, "max": 1}}
_MAP = {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}


def _references(table: str) -> dict[str, Any]:
    return {"type": {"key": {"type": "uuid", "refTable": table}, "min": 0, "max": "unlimited"}}


_COLUMNS: dict[str, dict[str, Any]] = {
    "Open_vSwitch": {"ovs_version": _OPTIONAL_TEXT, "next_cfg": _NUMBER, "cur_cfg": _NUMBER},
    "Bridge": {
        "name": _TEXT,
        "datapath_type": _TEXT,
        "fail_mode": _OPTIONAL_TEXT,
        "external_ids": _MAP,
        "ports": _references("Port"),
        "controller": _references("Controller"),
    },
    "Controller": {"target": _TEXT},
    "Port": {"interfaces": _references("Interface")},
    "Interface": {
        "name": _TEXT,
        "ofport": _OPTIONAL_NUMBER,
        "mtu": _OPTIONAL_NUMBER,
        "mac_in_use": _OPTIONAL_TEXT,
        "error": _OPTIONAL_TEXT,
        "external_ids": _MAP,
    },
}
"""The columns that are read, typed as in ovs-vswitchd.conf.db(5)."""


class Replica:
    """The rows of those columns; connects, and connects again, by itself."""

    def __init__(self, remote: str) -> None:
        """Begin to connect to ``unix:PATH`` or ``tcp:HOST:PORT``; needs a running loop."""
        self.remote = remote
        self._idl = _idl(remote)
        self._wake = asyncio.Event()
        self._ran = asyncio.Event()
        self._task = asyncio.create_task(self._pump())

    @property
    def version(self) -> int | None:
        """A number that grows when the contents change; None until they are there."""
        if self._idl.state != Idl.IDL_S_MONITORING:
            return None
        return int(self._idl.change_seqno)

    def rows(self, table: str) -> list[Any]:
        """Return the rows of a table; columns are attributes."""
        return list(self._idl.tables[table].rows.values())

    async def ran(self) -> None:
        """Wait until the replica has looked for news.  Raises SwitchGone where it has ended."""
        await self._ran.wait()
        if self._task.done():
            raise SwitchGone(f"the connection to {self.remote} has ended")

    async def transact(self, fill: Callable[[], None]) -> None:
        """Carry out the changes that ``fill`` makes to rows, as one transaction.

        The replica shows them on return.  Where the connection is lost, they are tried again.
        Raises SwitchError where the database refuses.
        """
        status = Transaction.TRY_AGAIN
        while status == Transaction.TRY_AGAIN:
            transaction = Transaction(self._idl)
            try:
                fill()
                while (status := transaction.commit()) == Transaction.INCOMPLETE:
                    self._wake.set()
                    await self.ran()
            finally:
                transaction.abort()
            if status == Transaction.TRY_AGAIN:
                await self.ran()
        if status not in {Transaction.SUCCESS, Transaction.UNCHANGED}:
            raise SwitchError(f"{self.remote} refused a change: {transaction.get_error()}")

    async def close(self) -> None:
        """Give the connection up."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._idl.close()

    async def _pump(self) -> None:
        """Let the client do its work whenever one of its descriptors or timers is due."""
        try:
            while True:
                self._idl.run()
                self._tell()
                wants = _Wants(self._wake)
                self._idl.wait(wants)
                await wants.sleep()
        finally:
            self._tell()

    def _tell(self) -> None:
        self._ran.set()
        self._ran = asyncio.Event()


class _Wants:
    """What the client waits for; has the methods of ``ovs.poller.Poller`` that it calls."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._undo: list[Callable[[], object]] = []

    def fd_wait(self, descriptor: socket.socket | int, events: int) -> None:
        if events & ovs.poller.POLLIN:
            self._loop.add_reader(descriptor, self._wake.set)
            self._undo.append(lambda: self._loop.remove_reader(descriptor))
        if events & ovs.poller.POLLOUT:
            self._loop.add_writer(descriptor, self._wake.set)
            self._undo.append(lambda: self._loop.remove_writer(descriptor))

    def timer_wait(self, milliseconds: int) -> None:
        timer = self._loop.call_later(max(0, milliseconds) / 1000, self._wake.set)
        self._undo.append(timer.cancel)

    def timer_wait_until(self, milliseconds: int) -> None:
        self.timer_wait(milliseconds - ovs.timeval.msec())

    def immediate_wake(self) -> None:
        self.timer_wait(0)

    async def sleep(self) -> None:
        """Return when something is due."""
        try:
            await self._wake.wait()
        finally:
            self._wake.clear()
            for undo in self._undo:
                undo()


def _idl(remote: str) -> Any:
    tables = {table: {"columns": columns} for table, columns in _COLUMNS.items()}
    schema = SchemaHelper(
        schema_json={"name": "Open_vSwitch", "version": "1.0.0", "tables": tables}
    )
    schema.register_all()
    return Idl(remote, schema)
