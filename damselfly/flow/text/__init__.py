"""Flows as ovs-ofctl(8) spells them, both ways.

What is written is what ``ovs-ofctl -O OpenFlow13 --no-stats dump-flows`` of Open vSwitch 3.1
prints; what is read may also carry counters, other orders and other spellings of the same thing.
In here: only what ``Match``, ``Flow`` and the actions can say; the rest of the syntax is refused
with a ValueError that names it.
"""

from .actions import format_actions, parse_actions
from .line import format_flow, parse_flow, parse_flows
from .match import format_match, parse_match

__all__ = [
    "format_actions",
    "format_flow",
    "format_match",
    "parse_actions",
    "parse_flow",
    "parse_flows",
    "parse_match",
]
