"""What is kept equal: one resource of Neutron at a time."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """A kind of resource, by the name that Neutron's callbacks have for it."""

    NETWORK = "network"
    SUBNET = "subnet"
    PORT = "port"
    GROUP = "security_group"
    RULE = "security_group_rule"
    ADDRESS_GROUP = "address_group"
    ROUTER = "router"
    INTERFACE = "router_interface"


KINDS = tuple(Kind)
"""In the order in which they are written: what is referred to comes first."""


class Target(NamedTuple):
    """One resource."""

    kind: Kind
    id: str
    """Of a router's interface: its port's."""
    parent: str = ""
    """The group of a rule, the router of an interface."""

    def __str__(self) -> str:
        """Name the resource for messages."""
        return f"{self.kind.value} {self.id}"
