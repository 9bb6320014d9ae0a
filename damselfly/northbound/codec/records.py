"""The stored objects as records: which fields there are and what each holds.

A field that this version does not know may change what an object means, so it is refused.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from damselfly.model.group import AddressGroup, Rule, SecurityGroup, in_order
from damselfly.model.network import Network, Route, Subnet
from damselfly.model.port import AddressPair, Port

from .rules import canonical
from .values import (
    AddressValue,
    DirectionValue,
    FamilyValue,
    Id,
    MacValue,
    Mtu,
    Name,
    OwnAddressValue,
    OwnNumber,
    PrefixValue,
    ProtocolValue,
    TransportPort,
)

VERSION = 1
"""Of the objects' form; a reader refuses any other."""


class Strict(BaseModel):
    """A record that takes no unknown field and guesses no type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Record(Strict):
    """A stored object."""

    v: Literal[1]
    id: Id


class NetworkRecord(Record):
    """A network."""

    name: Name = ""
    segmentation_id: OwnNumber
    mtu: Mtu = 0

    def thing(self) -> Network:
        """Return the model's object."""
        return Network(self.id, self.name, self.segmentation_id, self.mtu)


class RouteRecord(Strict):
    """A route of a subnet's machines, or of a router."""

    destination: PrefixValue
    nexthop: AddressValue


class SubnetRecord(Record):
    """A subnet."""

    network_id: Id
    cidr: PrefixValue
    gateway_ip: AddressValue | None = None
    dhcp_ip: AddressValue | None = None
    enable_dhcp: bool = False
    dns_nameservers: tuple[AddressValue, ...] = ()
    host_routes: tuple[RouteRecord, ...] = ()
    ipv6_ra_mode: Name = ""
    ipv6_address_mode: Name = ""

    def thing(self) -> Subnet:
        """Return the model's object."""
        return Subnet(
            id=self.id,
            network_id=self.network_id,
            cidr=self.cidr,
            gateway_ip=self.gateway_ip,
            dhcp_ip=self.dhcp_ip,
            enable_dhcp=self.enable_dhcp,
            dns_nameservers=self.dns_nameservers,
            host_routes=tuple(Route(one.destination, one.nexthop) for one in self.host_routes),
            ipv6_ra_mode=self.ipv6_ra_mode,
            ipv6_address_mode=self.ipv6_address_mode,
        )


class FixedIp(Strict):
    """An address of a port."""

    ip_address: OwnAddressValue


class Pair(Strict):
    """A further address of a port, or a whole prefix, with a MAC of its own or the port's."""

    ip_address: PrefixValue
    mac_address: MacValue | None = None


class PortRecord(Record):
    """A port."""

    name: Name = ""
    network_id: Id
    mac_address: MacValue
    fixed_ips: tuple[FixedIp, ...] = ()
    allowed_address_pairs: tuple[Pair, ...] = ()
    security_groups: tuple[Id, ...] = ()
    port_security_enabled: bool = True
    host: Name | None = None
    device_owner: Name = ""

    def thing(self) -> Port:
        """Return the model's object."""
        return Port(
            id=self.id,
            network_id=self.network_id,
            mac=self.mac_address,
            name=self.name,
            fixed_ips=tuple(ip.ip_address for ip in self.fixed_ips),
            allowed_address_pairs=tuple(
                AddressPair(pair.ip_address, pair.mac_address)
                for pair in self.allowed_address_pairs
            ),
            security_groups=tuple(sorted(set(self.security_groups))),
            port_security_enabled=self.port_security_enabled,
            host=self.host,
            device_owner=self.device_owner,
        )


class AddressGroupRecord(Record):
    """An address group."""

    name: Name = ""
    addresses: tuple[PrefixValue, ...] = ()

    def thing(self) -> AddressGroup:
        """Return the model's object."""
        return AddressGroup(self.id, self.name, in_order(self.addresses))


class GroupRecord(Record):
    """A security group's header."""

    name: Name = ""
    stateful: bool = True

    def thing(self) -> SecurityGroup:
        """Return the model's object, without rules: they are objects of their own."""
        return SecurityGroup(self.id, self.name, stateful=self.stateful)


class RuleRecord(Record):
    """A security group rule."""

    security_group_id: Id
    direction: DirectionValue
    ethertype: FamilyValue
    protocol: ProtocolValue | None = None
    port_range_min: TransportPort | None = None
    port_range_max: TransportPort | None = None
    remote_ip_prefix: PrefixValue | None = None
    remote_group_id: Id | None = None
    remote_address_group_id: Id | None = None

    def thing(self) -> Rule:
        """Return the model's object."""
        rule = Rule(
            id=self.id,
            security_group_id=self.security_group_id,
            direction=self.direction,
            family=self.ethertype,
            protocol=self.protocol,
            port_range_min=self.port_range_min,
            port_range_max=self.port_range_max,
            remote_ip_prefix=self.remote_ip_prefix,
            remote_group_id=self.remote_group_id,
            remote_address_group_id=self.remote_address_group_id,
        )
        return canonical(rule)
