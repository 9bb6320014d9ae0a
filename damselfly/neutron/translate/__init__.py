"""From Neutron's dictionaries to our model and to the store's entries.  Pure; knows no Neutron.

What Neutron may hold and we cannot say is refused by name, never narrowed or widened in silence.
"""

from .entries import entries, guards, target_of
from .groups import address_group, group, rule, unkeepable
from .networks import network, subnet
from .ports import port
from .routers import router, router_interface
from .targets import KINDS, Kind, Target

__all__ = [
    "KINDS",
    "Kind",
    "Target",
    "address_group",
    "entries",
    "group",
    "guards",
    "network",
    "port",
    "router",
    "router_interface",
    "rule",
    "subnet",
    "target_of",
    "unkeepable",
]
