"""What each section of a manifest may hold.

Fields are named as in Neutron's API.  There is no null: a key that says nothing is left out.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from damselfly.model.address import Prefix
from damselfly.northbound.codec.records import Pair, Strict
from damselfly.northbound.codec.values import (
    AddressValue,
    DirectionValue,
    FamilyValue,
    Id,
    MacValue,
    Name,
    PrefixValue,
    ProtocolValue,
    SegmentationId,
    TransportPort,
    own_address,
)


def _fixed_ip(value: object) -> Prefix:
    """Read an address, alone or as Neutron writes it (``{ip_address: ...}``)."""
    if isinstance(value, dict) and list(value) == ["ip_address"]:
        return own_address(value["ip_address"])
    return own_address(value)


FixedIpValue = Annotated[Prefix, PlainValidator(_fixed_ip)]
IcmpNumber = Annotated[int, Field(ge=0, le=255)]


class Entry(Strict):
    """An item of a section; it has a name or an id, or both."""

    name: Name = ""
    id: Id | None = None

    @property
    def key(self) -> str:
        """The id: the name, where none is given."""
        return self.id or self.name


class SubnetEntry(Strict):
    """A subnet of a network."""

    name: Id | None = None
    id: Id | None = None
    cidr: PrefixValue
    gateway_ip: AddressValue | None = None
    dhcp_ip: AddressValue | None = None


class NetworkEntry(Entry):
    """An item of ``networks``."""

    segmentation_id: SegmentationId | None = None
    subnets: list[SubnetEntry] = Field(default_factory=list)


class AddressGroupEntry(Entry):
    """An item of ``address_groups``."""

    addresses: list[PrefixValue] = Field(default_factory=list)


class GroupEntry(Entry):
    """An item of ``security_groups``; its rules are read one by one."""

    stateful: bool = True
    rules: list[object] = Field(default_factory=list)


class RuleEntry(Strict):
    """An item of a group's ``rules``."""

    id: Id | None = None
    direction: DirectionValue
    ethertype: FamilyValue | None = None
    protocol: ProtocolValue | None = None
    port_range_min: TransportPort | None = None
    port_range_max: TransportPort | None = None
    icmp_type: IcmpNumber | None = None
    icmp_code: IcmpNumber | None = None
    remote_ip_prefix: PrefixValue | None = None
    remote_group_id: Id | None = None
    remote_address_group_id: Id | None = None


class PortEntry(Entry):
    """An item of ``ports``."""

    network_id: Id
    mac_address: MacValue
    fixed_ips: list[FixedIpValue] = Field(default_factory=list)
    allowed_address_pairs: list[Pair] = Field(default_factory=list)
    security_groups: list[Id] = Field(default_factory=list)
    port_security_enabled: bool = True
    host: Name | None = None
    device_owner: Name = ""


SECTIONS: dict[str, type[Entry]] = {
    "networks": NetworkEntry,
    "address_groups": AddressGroupEntry,
    "security_groups": GroupEntry,
    "ports": PortEntry,
}
