"""OpenFlow 1.3, with the Nicira and ONF extensions that we use, on a bridge's management socket.

``codec`` turns bytes into values and back, ``link`` talks, ``connecting`` agrees on a version,
``switch`` says it in the terms of ``southbound.switch``.  No policy, no pipeline, no OVSDB and no
reconnecting in here.
"""

from .codec.wire import ProtocolError
from .connecting import connect
from .switch import OpenFlowSwitch

__all__ = ["OpenFlowSwitch", "ProtocolError", "connect"]
