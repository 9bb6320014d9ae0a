"""What a dissection yields, and the numbers of the protocols it knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from damselfly.errors import DamselflyError

ARP = 0x0806
IPV4 = 0x0800
IPV6 = 0x86DD

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58
SCTP = 132

NEIGHBOUR_SOLICITATION = 135
NEIGHBOUR_ADVERTISEMENT = 136


class MalformedFrame(DamselflyError):
    """A frame whose headers contradict its length or each other."""


@dataclass(slots=True)
class Layers:
    """A frame's fields by Open vSwitch's names, and where its layers begin.

    A field that the frame does not have is absent.  Offsets are bytes from the start of the
    frame; 0 where the layer is missing or cannot be read.
    """

    fields: dict[str, int] = field(default_factory=dict)
    network: int = 0
    """Of the IP or ARP header."""
    transport: int = 0
    """Behind the IP header and its extensions."""
    end: int = 0
    """Of the IP packet; what follows is padding."""
    fragment: int = 0
    """Of the IPv6 fragment header."""
    has_ends: bool = False
    """Whether ports, or type and code, could be read."""
    fault: str = ""
    """What is malformed; empty for a sound frame."""
