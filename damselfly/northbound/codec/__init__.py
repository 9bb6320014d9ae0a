"""JSON form of the stored objects: strict when read, canonical when written, versioned.

Field names are Neutron's.  Knows keys and the model; reads and writes no store.  What an agent
says of itself is not policy and has its own codec in ``status``.
"""

from .fields import Stored, fields_of
from .objects import decode, encode, key_of, write, write_topology, written_together
from .quick import quick_rule

__all__ = [
    "Stored",
    "decode",
    "encode",
    "fields_of",
    "key_of",
    "quick_rule",
    "write",
    "write_topology",
    "written_together",
]
