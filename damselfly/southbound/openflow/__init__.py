"""OpenFlow 1.3 with the Nicira and ONF extensions that Open vSwitch speaks, and nothing more.

Only the messages that Damselfly uses.  The codec modules are pure: bytes in, values out, and the
other way round; ``link`` and ``switch`` do the talking.  Whatever the bytes are, a decoder raises
nothing but ``ProtocolError``.  No policy, no pipeline, no OVSDB, no reconnecting in here.
"""

from .switch import OpenFlowSwitch, connect
from .wire import ProtocolError

__all__ = ["OpenFlowSwitch", "ProtocolError", "connect"]
