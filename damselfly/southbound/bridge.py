"""What the OVSDB says of one bridge, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

KEY = "damselfly-key:"
"""Key of the Bridge's ``external_ids`` that holds a port's number; the port id follows."""
LARGEST_MTU = 60_000
"""A paused packet and its state must fit into one OpenFlow message of 65,535 bytes.

Open vSwitch 3.1 does not check that: of a larger message the length overflows, and what the packet
holds would be read as messages of the switch.
"""


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface that is plugged into the bridge and forwards."""

    name: str
    ofport: int
    """The bridge's number for it, 1 or more."""
    mac_in_use: str | None = None
    """The MAC of this end of the wire, not of the VM."""


@dataclass(frozen=True, slots=True)
class BridgeState:
    """A bridge and the interfaces plugged into it, at one moment."""

    name: str
    datapath_type: str
    """``netdev`` for the userspace datapath, ``system`` (or empty) for the kernel's."""
    ovs_version: str
    interfaces: Mapping[str, Interface]
    """By ``external_ids:iface-id``; only those that have an ofport, and no duplicates."""
    duplicates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """An iface-id that several interfaces claim, with their names; none of them counts."""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Interfaces with an iface-id that can be no port, by name, and why."""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    """Of the Bridge row."""
    is_secure: bool = True
    """Whether the bridge forwards nothing of its own accord while it has no flows."""
    controllers: tuple[str, ...] = ()
    """Whom else the bridge lets program it; nobody should be there."""

    @property
    def keys(self) -> dict[str, int]:
        """Return the port keys by port id; an entry that is no number is left out."""
        return {
            name.removeprefix(KEY): int(value)
            for name, value in self.external_ids.items()
            if name.startswith(KEY) and value.isascii() and value.isdecimal()
        }


@dataclass(frozen=True, slots=True)
class InterfaceRow:
    """A row of the Interface table, as far as it matters here."""

    name: str
    iface_id: str | None
    ofport: int | None
    mac_in_use: str | None
    error: str | None
    mtu: int | None = None
    """Bytes of IP packet; None where Open vSwitch does not know."""

    @property
    def fault(self) -> str | None:
        """Why the interface can be no port; None where it can."""
        if self.ofport is None or self.ofport <= 0:
            return self.error or "has no OpenFlow port yet"
        if self.mtu is not None and self.mtu > LARGEST_MTU:
            return f"has an MTU of {self.mtu}, at most {LARGEST_MTU} can be filtered"
        return None


@dataclass(frozen=True, slots=True)
class Claims:
    """Who may be which port: the interfaces, the duplicates and the errors of a bridge."""

    interfaces: Mapping[str, Interface]
    duplicates: Mapping[str, tuple[str, ...]]
    errors: Mapping[str, str]


def claims(rows: Iterable[InterfaceRow]) -> Claims:
    """Sort out which interface is which port; two that claim one port are both refused."""
    by_id: dict[str, list[InterfaceRow]] = {}
    errors: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: row.name):
        if not row.iface_id:
            continue
        if row.fault is not None:
            errors[row.name] = row.fault
        by_id.setdefault(row.iface_id, []).append(row)
    return Claims(
        interfaces=MappingProxyType(
            {
                iface_id: Interface(row.name, row.ofport, row.mac_in_use)
                for iface_id, (row, *others) in by_id.items()
                if not others and row.fault is None and row.ofport is not None
            }
        ),
        duplicates=MappingProxyType(
            {
                iface_id: tuple(row.name for row in claimants)
                for iface_id, claimants in by_id.items()
                if len(claimants) > 1
            }
        ),
        errors=MappingProxyType(errors),
    )
