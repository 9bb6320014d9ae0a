"""What the tables are computed from: the policy, and which of its ports are plugged in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from damselfly.model.direction import Direction
from damselfly.model.network import Attachment
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.model.statefulness import two_kinds
from damselfly.pipeline.digest import digest
from damselfly.pipeline.needs import NOTHING, Lacks, why_shut

Labels = Mapping[tuple[int, Direction], int]
"""The current label of each (port key, direction); random, never 0, never used before."""


_NOBODY: Mapping[str, str] = MappingProxyType({})


class LocalPort(NamedTuple):
    """A port of the policy that is plugged into this host's bridge."""

    port: Port
    key: int
    ofport: int
    stateful: bool = True
    """Whether its groups are: then its connections are tracked, else each packet is judged."""

    @property
    def is_tracked(self) -> bool:
        """Whether the connection tracker follows what the port sends and receives."""
        return self.stateful and self.port.port_security_enabled

    @property
    def network(self) -> int:
        """The number of the port's network in the pipeline."""
        return network_number(self.port.network_id)

    @property
    def generation(self) -> bytes:
        """Name this incarnation of the port: a packet paused under another one is not resumed."""
        identity = (self.port.id, self.key, self.ofport, self.port.network_id, self.port.mac)
        addresses = sorted(map(str, self.port.sources()))
        kind = f"{self.port.port_security_enabled} {self.stateful}"
        return digest(f"{identity} {addresses} {kind}").to_bytes(8)


@dataclass(frozen=True, slots=True)
class HostView:
    """What this host should enforce: one snapshot, the ports that are here, their labels."""

    snapshot: Snapshot
    local: Mapping[str, LocalPort]
    """Open ports by id.  A port that is not here gets no flow at all."""
    closed: Mapping[str, str]
    """Plugged-in ports that stay closed, with the reason."""
    labels: Labels
    lacks: Lacks = NOTHING
    """What this host's datapath cannot do."""

    def on_network(self, network_id: str) -> list[LocalPort]:
        """Return the local ports of a network, ordered by key."""
        there: Collection[str] = self.snapshot.ports_on.get(network_id, ())
        few, many = sorted((there, self.local), key=len)
        here = (self.local[port_id] for port_id in few if port_id in many)
        return sorted(here, key=lambda local: local.key)

    def worn(self) -> frozenset[str]:
        """Return the groups that local ports wear."""
        return frozenset(
            group_id for local in self.local.values() for group_id in local.port.security_groups
        )


def network_number(network_id: str) -> int:
    """Return the number that stands for a network on every host: 64 bits of its id's hash."""
    return digest(network_id)


def host_view(
    snapshot: Snapshot,
    plugged: Iterable[Attachment],
    labels: Labels,
    refused: Mapping[str, str] = _NOBODY,
    lacks: Lacks = NOTHING,
) -> HostView:
    """Put the policy and the plugged-in interfaces together; what is doubtful stays closed.

    ``refused`` names further ports that must stay closed, with the reason; ``lacks`` is what the
    datapath cannot do.
    """
    shut = {**refused, **snapshot.closed}
    loose = {group.id for group in snapshot.groups.values() if not group.stateful}
    local: dict[str, LocalPort] = {}
    closed: dict[str, str] = {}
    for port_id, key, ofport in plugged:
        port = snapshot.ports.get(port_id)
        stateful = port is None or loose.isdisjoint(port.security_groups)
        why = shut.get(port_id) or _doubt(snapshot, port, lacks, stateful=stateful)
        if why is not None:
            closed[port_id] = why
        elif port is not None:
            local[port_id] = LocalPort(port, key, ofport, stateful)
    macs = Counter((entry.port.network_id, entry.port.mac) for entry in local.values())
    for port_id, entry in list(local.items()):
        if macs[entry.port.network_id, entry.port.mac] > 1:
            closed[port_id] = "another port of its network has the same MAC"
            del local[port_id]
    return HostView(snapshot, local, closed, labels, lacks)


def _doubt(snapshot: Snapshot, port: Port | None, lacks: Lacks, *, stateful: bool) -> str | None:
    """Say why a port cannot be enforced here, if so."""
    if port is None:
        return "the store does not know this port"
    mixed = None if stateful else two_kinds(snapshot, port)
    return mixed or why_shut(lacks, stateful=stateful)
