"""A switch in memory that forwards real frames by our flows, with connection tracking.

It behaves as Open vSwitch 3.1 with the userspace datapath does; ``tests/agreement`` holds the two
together, and where they differ, the real one is right.  Must stay out: anything about security
groups, and any knowledge of what the flows are meant to do.
"""

from .switch import FakeSwitch
from .tracker import Connection

__all__ = ["Connection", "FakeSwitch"]
