"""Ethernet frames as Open vSwitch reads them: from bytes to fields by name.

``parse`` is strict, for frames that a VM may have forged; ``dissect`` reads what can be read, as
the switch does.  In here: Ethernet, VLAN, ARP, IPv4, IPv6, TCP, UDP, SCTP, ICMP, neighbour
discovery, checksums.  Must stay out: what a frame means to anybody.
"""

from .dissect import dissect, parse
from .layers import Layers, MalformedFrame

__all__ = ["Layers", "MalformedFrame", "dissect", "parse"]
