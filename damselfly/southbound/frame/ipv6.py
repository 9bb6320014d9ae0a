"""IPv6 headers and extension headers (RFC 8200)."""

from __future__ import annotations

from damselfly.flow.field import Frag

from .layers import Layers
from .transport import read_transport

_LENGTH = 40
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_EXTENSIONS = frozenset((_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION))
_OFFSET = 0xFFF8
_OFFSET_AND_MORE = 0xFFF9


def read_ipv6(frame: bytes, offset: int, layers: Layers) -> None:
    """Add the fields of an IPv6 packet that begins at ``offset``, and of what it carries."""
    layers.fault = _fault(frame, offset)
    if layers.fault:
        return
    layers.network = offset
    layers.end = offset + _LENGTH + int.from_bytes(frame[offset + 4 : offset + 6])
    fields = layers.fields
    fields["ipv6_src"] = int.from_bytes(frame[offset + 8 : offset + 24])
    fields["ipv6_dst"] = int.from_bytes(frame[offset + 24 : offset + 40])
    fields["nw_ttl"] = frame[offset + 7]
    if _skip_extensions(frame, layers) and not fields.get("nw_frag", 0) & Frag.LATER:
        read_transport(frame, layers)
    if frame[offset] >> 4 != 6:
        # The switch does not look, and reads on.
        layers.fault = "IPv6 packet of another version"


def _fault(frame: bytes, offset: int) -> str:
    size = len(frame) - offset
    if size < _LENGTH:
        return "IPv6 header cut short"
    if size - _LENGTH < int.from_bytes(frame[offset + 4 : offset + 6]):
        return "IPv6 payload cut short"
    return ""


def _skip_extensions(frame: bytes, layers: Layers) -> bool:
    """Walk to the transport header, or to the payload of a later fragment."""
    protocol, offset = frame[layers.network + 6], layers.network + _LENGTH
    fields = layers.fields
    while protocol in _EXTENSIONS:
        if layers.end - offset < 8:
            layers.fault = "IPv6 extension header cut short"
            return False
        if protocol == _FRAGMENT:
            layers.fragment = offset
            where = int.from_bytes(frame[offset + 2 : offset + 4])
            length = 8
            if where & _OFFSET_AND_MORE:
                fields["nw_frag"] = Frag.ANY | Frag.LATER if where & _OFFSET else Frag.ANY.value
        elif protocol == _AUTHENTICATION:
            length = (frame[offset + 1] + 2) * 4
        else:
            length = (frame[offset + 1] + 1) * 8
        protocol, offset = frame[offset], offset + length
        if offset > layers.end:
            layers.fault = "IPv6 extension header cut short"
            return False
        if fields.get("nw_frag", 0) & Frag.LATER:
            # The switch leaves it at that: what the fragment carries is in the first one.
            protocol = _FRAGMENT
            break
    fields["nw_proto"] = protocol
    layers.transport = offset
    return True
