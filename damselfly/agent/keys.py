"""Port keys: which number stands for which port in registers, and as its conntrack zone.

A key stays with its port, plugged in or not, until the store forgets the port.  Then its zone is
emptied, and the key waits in quarantine until nothing that carries it can still be under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from damselfly.errors import DamselflyError

FIRST_KEY, LAST_KEY = 1, 65534


def sound(kept: Mapping[str, int]) -> dict[str, int]:
    """Return the kept keys that can be relied on: in range, and no two ports with the same.

    Anybody who may write to the OVSDB can damage them; two ports must never share a zone.
    """
    claims = Counter(kept.values())
    return {
        port_id: key
        for port_id, key in kept.items()
        if FIRST_KEY <= key <= LAST_KEY and claims[key] == 1
    }


def allot(
    kept: Mapping[str, int], wanted: Iterable[str], resting: Iterable[int] = ()
) -> dict[str, int]:
    """Return a key for each wanted port that has none yet: the lowest ones that are free.

    ``resting`` keys are in quarantine.  Raises DamselflyError where no key is left.
    """
    taken = {*kept.values(), *resting}
    new: dict[str, int] = {}
    candidate = FIRST_KEY
    for port_id in sorted(set(wanted) - kept.keys()):
        while candidate in taken:
            candidate += 1
        if candidate > LAST_KEY:
            raise DamselflyError(f"no port key is left for port {port_id}")
        new[port_id] = candidate
        candidate += 1
    return new


class Quarantine:
    """Keys of deleted ports, and since when they rest."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[str, float] = {}

    def observe(self, kept: Iterable[str], alive: Iterable[str], now: float) -> None:
        """Note which of the kept keys' ports are gone from the store at this time."""
        gone = set(kept) - set(alive)
        self._since = {port_id: self._since.get(port_id, now) for port_id in gone}

    def released(self, now: float) -> list[str]:
        """Return the ports whose keys have rested long enough."""
        return [port for port, since in self._since.items() if now - since >= self.seconds]

    def forget(self, ports: Iterable[str]) -> None:
        """Stop watching ports whose keys have been given free."""
        for port_id in ports:
            self._since.pop(port_id, None)

    @property
    def next_release(self) -> float | None:
        """The time at which the next key is released, if any rests."""
        return min(self._since.values()) + self.seconds if self._since else None
