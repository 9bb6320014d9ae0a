"""Connection tracking as the userspace datapath of Open vSwitch 3.1 does it.

In here: which packets belong together, their states, fragments.  Must stay out: flows.  No clock:
entries and waiting fragments stay until they are flushed.
"""

from .tracker import Connection, Tracker

__all__ = ["Connection", "Tracker"]
