"""etcd's API v3 as far as it is used: messages to and from bytes, calls to one of several servers.

Knows etcd's keys and revisions, not the store's.  The transport is gRPC's own library.
"""

from .errors import Ahead, Ambiguous, Lost, Refused
from .place import Credentials, Place
from .session import Session, Stream

__all__ = ["Ahead", "Ambiguous", "Credentials", "Lost", "Place", "Refused", "Session", "Stream"]
