"""ARP over Ethernet and IPv4 (RFC 826)."""

from __future__ import annotations

from .layers import Layers

_LENGTH = 28
_ETHERNET_IPV4 = bytes.fromhex("000108000604")
_MAX_OPERATION = 0xFF
"""Open vSwitch reads a larger operation as 0."""


def read_arp(frame: bytes, offset: int, layers: Layers) -> None:
    """Add the fields of an ARP packet that begins at ``offset``."""
    if len(frame) - offset < _LENGTH:
        layers.fault = "ARP packet cut short"
        return
    if frame[offset : offset + 6] != _ETHERNET_IPV4:
        layers.fault = "ARP packet not for IPv4 over Ethernet"
        return
    layers.network = offset
    operation = int.from_bytes(frame[offset + 6 : offset + 8])
    fields = layers.fields
    fields["arp_op"] = operation if operation <= _MAX_OPERATION else 0
    fields["arp_sha"] = int.from_bytes(frame[offset + 8 : offset + 14])
    fields["arp_spa"] = int.from_bytes(frame[offset + 14 : offset + 18])
    fields["arp_tha"] = int.from_bytes(frame[offset + 18 : offset + 24])
    fields["arp_tpa"] = int.from_bytes(frame[offset + 24 : offset + 28])
