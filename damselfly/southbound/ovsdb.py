"""The OVSDB of this host: which ports are plugged into the bridge, and the numbers they keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Any

from damselfly.errors import BadInput, SwitchGone

from .bridge import KEY, BridgeState, InterfaceRow, claims
from .replica import Replica


class Ovsdb:
    """A connection to the database that is kept up, and one bridge in it."""

    def __init__(self, replica: Replica, bridge: str, patience: float) -> None:
        """Look at a bridge through a replica; :meth:`connect` makes both."""
        self._replica = replica
        self._bridge = bridge
        self._patience = patience
        self._version: int | None = None
        self._state: BridgeState | None = None

    @classmethod
    async def connect(cls, remote: str, bridge: str, patience: float = 10) -> Ovsdb:
        """Connect to ``unix:PATH`` or ``tcp:HOST:PORT`` and read the bridge.

        ``patience`` is how many seconds any answer may take.  Raises SwitchGone where there is no
        database, no permission, no answer or no such bridge; BadInput where the remote is spelt
        otherwise.
        """
        await _knock(remote, patience)
        replica = Replica(remote)
        try:
            async with asyncio.timeout(patience):
                while replica.version is None:
                    await replica.ran()
            made = cls(replica, bridge, patience)
            made.state  # noqa: B018  Raises where there is no such bridge.
        except TimeoutError:
            await replica.close()
            raise SwitchGone(f"the OVSDB at {remote} does not say what is in it") from None
        except BaseException:
            await replica.close()
            raise
        return made

    @property
    def state(self) -> BridgeState:
        """The bridge as last heard of.  Raises SwitchGone where the database has none."""
        version = self._replica.version
        if version is not None and version != self._version:
            self._version = version
            self._state = self._read()
        if self._state is None:
            raise SwitchGone(f"the OVSDB at {self._replica.remote} has no bridge {self._bridge}")
        return self._state

    async def changes(self) -> AsyncIterator[BridgeState]:
        """Yield the bridge as it is, and again whenever it is different, for ever.

        A slow reader gets the latest only.  A database that goes away is waited for, and what it
        last said stands.  Raises SwitchGone when the bridge is deleted.
        """
        last: BridgeState | None = None
        while True:
            while (state := self.state) == last:
                await self._replica.ran()
            last = state
            yield state

    async def write_keys(self, keys: Mapping[str, int | None]) -> None:
        """Keep the keys of ports, by port id, in the Bridge row; None forgets one."""
        await self.write(
            {f"{KEY}{port}": None if key is None else str(key) for port, key in keys.items()}
        )

    async def write(self, external_ids: Mapping[str, str | None]) -> None:
        """Set (None: remove) entries of the Bridge's ``external_ids``, all or none.

        Returns when the database has confirmed and :attr:`state` shows them.  Raises SwitchGone
        where that does not happen in time, SwitchError where the database refuses.
        """

        def shown() -> bool:
            known = self.state.external_ids
            return all(known.get(key) == value for key, value in external_ids.items())

        await self._change(lambda: self._fill(external_ids), shown)

    async def secure(self) -> None:
        """Have the bridge forward nothing of its own accord, whatever becomes of its flows.

        Returns when ovs-vswitchd has done so, at which it forgets all flows of the bridge
        (ovs-vswitchd.conf.db(5), "fail_mode" and "cur_cfg").  Raises as :meth:`write` does.
        """
        (root,) = self._replica.rows("Open_vSwitch")

        def fill() -> None:
            self._written_row().fail_mode = "secure"
            root.verify("next_cfg")
            root.next_cfg += 1

        await self._change(fill, lambda: self.state.is_secure and root.cur_cfg >= root.next_cfg)

    async def close(self) -> None:
        """Give the connection up."""
        await self._replica.close()

    async def _change(self, fill: Callable[[], None], is_done: Callable[[], bool]) -> None:
        """Carry out a transaction and wait until what it is for is done."""
        try:
            async with asyncio.timeout(self._patience):
                await self._replica.transact(fill)
                while not is_done():
                    await self._replica.ran()
        except TimeoutError:
            raise SwitchGone(f"{self._replica.remote} did not confirm a change") from None

    def _fill(self, external_ids: Mapping[str, str | None]) -> None:
        row = self._written_row()
        for key, value in external_ids.items():
            if value is not None:
                row.setkey("external_ids", key, value)
            elif key in row.external_ids:
                row.delkey("external_ids", key)

    def _written_row(self) -> Any:
        row = self._row()
        if row is None:
            raise SwitchGone(f"the OVSDB at {self._replica.remote} has no bridge {self._bridge}")
        return row

    def _row(self) -> Any:
        rows = self._replica.rows("Bridge")
        return next((row for row in rows if row.name == self._bridge), None)

    def _read(self) -> BridgeState | None:
        row = self._row()
        if row is None:
            return None
        claimed = claims(_interface(each) for port in row.ports for each in port.interfaces)
        versions = [_one(each.ovs_version) for each in self._replica.rows("Open_vSwitch")]
        return BridgeState(
            name=self._bridge,
            datapath_type=row.datapath_type,
            ovs_version=_one(versions) or "",
            interfaces=claimed.interfaces,
            duplicates=claimed.duplicates,
            errors=claimed.errors,
            external_ids=MappingProxyType(dict(row.external_ids)),
            is_secure=_one(row.fail_mode) == "secure",
            controllers=tuple(sorted(each.target for each in row.controller)),
        )


def _interface(row: Any) -> InterfaceRow:
    return InterfaceRow(
        name=row.name,
        iface_id=row.external_ids.get("iface-id"),
        ofport=_one(row.ofport),
        mac_in_use=_one(row.mac_in_use),
        error=_one(row.error),
        mtu=_one(row.mtu),
    )


def _one(values: Any) -> Any:
    """Return the value of a column that holds none or one."""
    return next(iter(values), None)


async def _knock(remote: str, patience: float) -> None:
    """Open and close a connection, to say clearly what is wrong; a replica only tries again."""
    kind, _, place = remote.partition(":")
    host, _, number = place.rpartition(":")
    try:
        async with asyncio.timeout(patience):
            if kind == "unix" and place:
                _, writer = await asyncio.open_unix_connection(place)
            elif kind == "tcp" and host and number.isdecimal():
                _, writer = await asyncio.open_connection(host.strip("[]"), int(number))
            else:
                raise BadInput(f"OVSDB {remote!r}: give unix:PATH or tcp:HOST:PORT")
            writer.close()
    except FileNotFoundError:
        raise SwitchGone(f"there is no OVSDB at {place}: is Open vSwitch running?") from None
    except PermissionError:
        raise SwitchGone(f"no permission to open the OVSDB at {place}") from None
    except OSError as error:
        raise SwitchGone(f"the OVSDB at {remote} does not answer: {error}") from None
