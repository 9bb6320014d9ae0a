"""Ports: the network cards of virtual machines, as Neutron describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .address import Family, Prefix


class AddressPair(NamedTuple):
    """A further address that a port may send from (Neutron's ``allowed_address_pairs``)."""

    prefix: Prefix
    mac: int | None = None
    """None: the port's own MAC."""


@dataclass(frozen=True, slots=True)
class Port:
    """A network card of a virtual machine, known to the switch by ``iface-id`` = ``id``."""

    id: str
    network_id: str
    mac: int
    name: str = ""
    fixed_ips: tuple[Prefix, ...] = ()
    """Single addresses, both families."""
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    security_groups: tuple[str, ...] = ()
    """Group ids, sorted."""
    port_security_enabled: bool = True
    """False: no filter and no anti-spoofing here.  Nothing else ever grants trust."""
    host: str | None = None
    device_owner: str = ""
    """Kept for display only."""

    def sources(self) -> Iterator[tuple[int, Prefix]]:
        """Yield every (MAC, prefix) pair that the port may send from, without repetition."""
        seen = set()
        pairs = [AddressPair(address) for address in self.fixed_ips]
        for prefix, mac in (*pairs, *self.allowed_address_pairs):
            pair = (self.mac if mac is None else mac, prefix)
            if pair not in seen:
                seen.add(pair)
                yield pair

    def prefixes(self, family: Family) -> Iterator[Prefix]:
        """Yield the prefixes of that family by which remote-group rules know the port."""
        for _, prefix in self.sources():
            if prefix.family is family:
                yield prefix
