"""IPv4 headers (RFC 791)."""

from __future__ import annotations

from damselfly.flow.field import Frag

from .layers import Layers
from .transport import read_transport

_LENGTH = 20
_MORE, _OFFSET = 0x2000, 0x1FFF


def read_ipv4(frame: bytes, offset: int, layers: Layers) -> None:
    """Add the fields of an IPv4 packet that begins at ``offset``, and of what it carries."""
    layers.fault = _fault(frame, offset)
    if layers.fault:
        return
    header = (frame[offset] & 0xF) * 4
    layers.network = offset
    layers.end = offset + int.from_bytes(frame[offset + 2 : offset + 4])
    layers.transport = offset + header
    fragment = int.from_bytes(frame[offset + 6 : offset + 8])
    fields = layers.fields
    fields["nw_src"] = int.from_bytes(frame[offset + 12 : offset + 16])
    fields["nw_dst"] = int.from_bytes(frame[offset + 16 : offset + 20])
    fields["nw_proto"] = frame[offset + 9]
    fields["nw_ttl"] = frame[offset + 8]
    if fragment & (_MORE | _OFFSET):
        fields["nw_frag"] = Frag.ANY | Frag.LATER if fragment & _OFFSET else Frag.ANY.value
    if not fragment & _OFFSET:
        read_transport(frame, layers)
    if frame[offset] >> 4 != 4:
        # The switch does not look, and reads on.
        layers.fault = "IPv4 packet of another version"


def _fault(frame: bytes, offset: int) -> str:
    size = len(frame) - offset
    if size < _LENGTH:
        return "IPv4 header cut short"
    header = (frame[offset] & 0xF) * 4
    total = int.from_bytes(frame[offset + 2 : offset + 4])
    if not _LENGTH <= header <= total <= size:
        return "IPv4 lengths contradict each other"
    return ""
