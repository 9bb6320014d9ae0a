"""JSON form of the stored objects: strict when read, canonical when written, versioned.

Field names are Neutron's.  Knows keys and the model; reads and writes no store.  What an agent
says of itself is not policy and has its own codec in ``status``.
"""

from .objects import Stored, decode, encode, fields_of, write, written_together

__all__ = ["Stored", "decode", "encode", "fields_of", "write", "written_together"]
