"""What the agents say of hosts and ports, and what of it Neutron has yet to hear.  Pure.

Holds the latest of everything, so that it does not matter in which order things are heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from damselfly.errors import BadInput
from damselfly.northbound import keys
from damselfly.northbound.status import AgentStatus, decode_status
from damselfly.northbound.store import Change, Contents

PREFIXES = (keys.STATUS_PREFIX, f"/{keys.PORT}/")


class Plugged(NamedTuple):
    """What an agent says of a port on its host."""

    host: str
    active: bool
    """Plugged in, and its flows confirmed by the switch."""


class Standing:
    """The agents' word, up to date."""

    def __init__(self, contents: Contents) -> None:
        """Take what the store holds under ``PREFIXES``."""
        self.hosts: dict[str, AgentStatus] = {}
        self._ports: dict[str, dict[str, Plugged]] = {}
        self._written: dict[str, int] = {}
        for key, value in contents.objects.items():
            if key.startswith(keys.STATUS_PREFIX):
                self._take_status(key, value)

    def take(self, revision: int, changes: Iterable[Change]) -> tuple[set[str], set[str]]:
        """Take a commit; return the hosts that spoke and the ports about which news is due."""
        hosts: set[str] = set()
        ports: set[str] = set()
        for key, value in changes:
            if key.startswith(keys.STATUS_PREFIX):
                host, touched = self._take_status(key, value)
                hosts.add(host)
                ports |= touched
                continue
            port_id = keys.parse(key).ids[0]
            self._written[port_id] = revision
            if value is None:
                self._ports.pop(port_id, None)
                del self._written[port_id]
            elif port_id in self._ports:
                ports.add(port_id)
        return hosts, ports

    def on(self, port_id: str, host: str) -> bool | None:
        """Tell whether a port that is bound to a host is active there.

        None: the agent has not yet seen what was last written of the port, or says nothing of it.
        """
        status = self.hosts.get(host)
        said = self._ports.get(port_id, {}).get(host)
        if status is None or said is None or status.stopped:
            return None
        if status.revision < self._written.get(port_id, 0):
            return None
        return said.active

    def ports(self) -> Iterator[str]:
        """Yield every port of which an agent says anything."""
        return iter(self._ports)

    def _take_status(self, key: str, value: bytes | None) -> tuple[str, set[str]]:
        """Take an agent's status; return its host, and the ports of which it says something new."""
        host = keys.parse(key).ids[-1]
        old = self.hosts.get(host)
        new = _read(key, value)
        before = {} if old is None else _states(old)
        after = {} if new is None else _states(new)
        if new is None:
            self.hosts.pop(host, None)
        else:
            self.hosts[host] = new
        for port_id in before.keys() - after.keys():
            # Gone from the host; a port that is bound there all the same is not active.
            self._say(port_id, host, None if new is None else Plugged(host, active=False))
        for port_id, active in after.items():
            self._say(port_id, host, Plugged(host, active))
        return host, _changed(before, after) | self._caught_up(old, new)

    def _caught_up(self, old: AgentStatus | None, new: AgentStatus | None) -> set[str]:
        """Return the ports of a host whose last writing its agent has seen by now."""
        if new is None:
            return set()
        seen = -1 if old is None else old.revision
        written = ((port.port_id, self._written.get(port.port_id, -1)) for port in new.ports)
        return {port_id for port_id, at in written if seen < at <= new.revision}

    def _say(self, port_id: str, host: str, said: Plugged | None) -> None:
        places = self._ports.setdefault(port_id, {})
        if said is None:
            places.pop(host, None)
        else:
            places[host] = said
        if not places:
            del self._ports[port_id]


def _changed(before: Mapping[str, bool], after: Mapping[str, bool]) -> set[str]:
    return {one for one in {*before, *after} if before.get(one) != after.get(one)}


def _states(status: AgentStatus) -> dict[str, bool]:
    return {port.port_id: port.state == "active" for port in status.ports}


def _read(key: str, value: bytes | None) -> AgentStatus | None:
    if value is None:
        return None
    try:
        return decode_status(key, value)
    except BadInput:
        return None
