"""Ethernet and VLAN headers, and the way on to what they carry.

Source: IEEE 802.3, IEEE 802.1Q; which fields a broken header still yields was seen on the switch.
"""

from __future__ import annotations

from collections.abc import Mapping

from .arp import read_arp
from .ipv4 import read_ipv4
from .ipv6 import read_ipv6
from .layers import ARP, IPV4, IPV6, Layers, MalformedFrame

_ETHERNET = 14
_VLAN_TYPES = (0x8100, 0x88A8)
_FIRST_ETHERTYPE = 0x600
_NOT_ETHERTYPE = 0x05FF
"""What Open vSwitch shows as ``dl_type`` of a frame that has none."""
_TAG_PRESENT = 0x1000
_SNAP = bytes.fromhex("aaaa03000000")

_READERS = {ARP: read_arp, IPV4: read_ipv4, IPV6: read_ipv6}


def parse(frame: bytes) -> Mapping[str, int]:
    """Return the frame's fields by name: ``dl_src``, ``nw_dst``, ``tcp_src``, ``nd_target`` ...

    Addresses are integers.  Raises MalformedFrame where a header is cut short or contradicts the
    frame.
    """
    layers = dissect(frame)
    if layers.fault:
        raise MalformedFrame(layers.fault)
    return layers.fields


def dissect(frame: bytes) -> Layers:
    """Read as much of the frame as Open vSwitch reads; ``fault`` names what stopped it.

    Raises MalformedFrame where there is not even an Ethernet header.
    """
    if len(frame) < _ETHERNET:
        raise MalformedFrame(f"{len(frame)} bytes are too few for an Ethernet header")
    layers = Layers({"dl_dst": int.from_bytes(frame[:6]), "dl_src": int.from_bytes(frame[6:12])})
    offset = _read_ethertype(frame, layers)
    reader = _READERS.get(layers.fields["dl_type"])
    if reader is not None and not layers.fault:
        reader(frame, offset, layers)
    return layers


def _read_ethertype(frame: bytes, layers: Layers) -> int:
    """Set ``dl_type`` and ``vlan_tci``; return where the payload begins."""
    fields, offset = layers.fields, 12
    ethertype = int.from_bytes(frame[12:14])
    if ethertype in _VLAN_TYPES:
        if len(frame) < _ETHERNET + 4:
            layers.fault = "VLAN tag cut short"
        else:
            fields["vlan_tci"] = int.from_bytes(frame[14:16]) | _TAG_PRESENT
            offset, ethertype = 16, int.from_bytes(frame[16:18])
    if ethertype < _FIRST_ETHERTYPE:
        if frame[offset + 2 : offset + 8] == _SNAP and len(frame) >= offset + 10:
            ethertype = int.from_bytes(frame[offset + 8 : offset + 10])
            offset += 8
        if ethertype < _FIRST_ETHERTYPE:
            ethertype = _NOT_ETHERTYPE
    fields["dl_type"] = ethertype
    return offset + 2
