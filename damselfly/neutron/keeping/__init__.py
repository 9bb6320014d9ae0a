"""Keeping the store equal to Neutron: one resource at a time, whoever else writes, whatever fails.

Knows no Neutron: its database comes in as a :class:`Source` and a :class:`Journal`.
"""

from .client import StoreClient
from .comparing import Difference, differences
from .keeper import Keeper, StillChanging
from .parties import Entries, Found, Journal, Source

__all__ = [
    "Difference",
    "Entries",
    "Found",
    "Journal",
    "Keeper",
    "Source",
    "StillChanging",
    "StoreClient",
    "differences",
]
