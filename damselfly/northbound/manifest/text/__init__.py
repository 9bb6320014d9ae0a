"""From YAML files to entries, each with the place where it stands.

Says what is wrong with a file or an entry by itself; knows no other object and no store.
"""

from .draft import Draft, Item, read
from .problem import BadManifest, Problem
from .tree import Path

__all__ = ["BadManifest", "Draft", "Item", "Path", "Problem", "read"]
