"""Which connection a packet belongs to.

Source: RFC 792 and 4443 for what an error message quotes; the rest was seen on the switch.
"""

from __future__ import annotations

from typing import NamedTuple

from damselfly.southbound.frame import Layers, dissect
from damselfly.southbound.frame.checksum import checksum, transport_is_sound
from damselfly.southbound.frame.layers import ICMP, ICMPV6, IPV4, IPV6, TCP, UDP

_ANSWER = {ICMP: {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15}, ICMPV6: {128: 129, 129: 128}}
_ERRORS = {ICMP: (3, 4, 5, 11, 12), ICMPV6: (1, 2, 3, 4)}
_QUOTED = {IPV4: 8}
"""Bytes of a transport header that an error must quote; without one, the whole header."""
_HEADER = {TCP: 20, UDP: 8, ICMP: 8, ICMPV6: 8}
_ICMP_OF = {IPV4: ICMP, IPV6: ICMPV6}


class Key(NamedTuple):
    """One direction of a connection.

    The end points of an ICMP connection are ``identifier << 8 | type``; of protocols without a
    parser, 0.
    """

    ethertype: int
    protocol: int
    source: int
    destination: int
    source_end: int = 0
    destination_end: int = 0

    @property
    def reverse(self) -> Key:
        """The other direction."""
        return Key(
            self.ethertype, self.protocol, self.destination, self.source,
            self.destination_end, self.source_end,
        )  # fmt: skip

    @property
    def is_icmp(self) -> bool:
        """Tell whether the ends are identifiers and types instead of ports."""
        return _ICMP_OF[self.ethertype] == self.protocol

    @property
    def ports(self) -> tuple[int, int]:
        """The ports; type and code 0 of an ICMP connection."""
        if self.is_icmp:
            return self.source_end & 0xFF, 0
        return self.source_end, self.destination_end


class Lookup(NamedTuple):
    """The key of a packet; of the connection that it quotes, for an ICMP error."""

    key: Key
    related: bool


def key_of(frame: bytes, layers: Layers) -> Lookup | None:
    """Return what to look a whole (unfragmented) packet up by; None if it cannot be tracked."""
    fields = layers.fields
    if not layers.transport or "nw_proto" not in fields or fields.get("nw_frag"):
        return None
    if fields["dl_type"] == IPV4 and checksum(frame[layers.network : layers.transport]):
        return None
    if fields["nw_proto"] in _HEADER and not _is_sound(frame, layers):
        return None
    key = _addresses(layers)
    if key.is_icmp:
        return _icmp_key(frame, layers, key)
    return _port_key(frame, layers, key, _HEADER.get(key.protocol, 0))


def _addresses(layers: Layers) -> Key:
    fields = layers.fields
    family = "nw" if fields["dl_type"] == IPV4 else "ipv6"
    source, destination = fields[f"{family}_src"], fields[f"{family}_dst"]
    return Key(fields["dl_type"], fields["nw_proto"], source, destination)


def _is_sound(frame: bytes, layers: Layers) -> bool:
    protocol, at, size = layers.fields["nw_proto"], layers.transport, layers.end - layers.transport
    ethertype = layers.fields["dl_type"]
    if protocol in _ICMP_OF.values() and protocol != _ICMP_OF[ethertype]:
        return True
    if size < _HEADER[protocol]:
        return False
    if protocol == TCP and not 20 <= (frame[at + 12] >> 4) * 4 <= size:
        return False
    if protocol == UDP:
        if not 8 <= int.from_bytes(frame[at + 4 : at + 6]) <= size:
            return False
        if ethertype == IPV4 and frame[at + 6 : at + 8] == bytes(2):
            return True
    return transport_is_sound(frame, layers)


def _port_key(frame: bytes, layers: Layers, key: Key, needed: int) -> Lookup | None:
    if key.protocol not in (TCP, UDP):
        return Lookup(key, related=False)
    at = layers.transport
    if layers.end - at < needed:
        return None
    source = int.from_bytes(frame[at : at + 2])
    destination = int.from_bytes(frame[at + 2 : at + 4])
    if source == 0 or destination == 0:
        return None
    return Lookup(key._replace(source_end=source, destination_end=destination), related=False)


def _icmp_key(frame: bytes, layers: Layers, key: Key) -> Lookup | None:
    at = layers.transport
    if layers.end - at < _HEADER[key.protocol]:
        return None
    kind, code = frame[at], frame[at + 1]
    answer = _ANSWER[key.protocol].get(kind)
    if answer is not None:
        if code != 0:
            return None
        identifier = int.from_bytes(frame[at + 4 : at + 6]) << 8
        ends = {"source_end": identifier | kind, "destination_end": identifier | answer}
        return Lookup(key._replace(**ends), related=False)
    if kind in _ERRORS[key.protocol]:
        return _quoted(frame, layers, key)
    return None


def _quoted(frame: bytes, layers: Layers, outer: Key) -> Lookup | None:
    """Read the packet that an ICMP error quotes; it must have gone to where the error goes."""
    inner = _dissect_quote(frame[layers.transport + 8 : layers.end], outer.ethertype)
    if inner is None:
        return None
    data, quote = inner
    key = _addresses(quote)
    if key.source != outer.destination:
        return None
    needed = _QUOTED.get(key.ethertype, _HEADER.get(key.protocol, 0))
    if key.is_icmp:
        kind = data[quote.transport] if quote.end > quote.transport else -1
        if kind not in _ANSWER[key.protocol] or quote.end - quote.transport < needed:
            return None
        found = _icmp_key(data, quote, key)
    else:
        found = _port_key(data, quote, key, needed)
    return None if found is None else Lookup(found.key.reverse, related=True)


def _dissect_quote(quoted: bytes, ethertype: int) -> tuple[bytes, Layers] | None:
    """Dissect a packet that was cut off: its own lengths count for nothing."""
    packet = bytearray(quoted)
    if ethertype == IPV4 and len(packet) >= 20:
        packet[2:4] = len(packet).to_bytes(2)
    elif ethertype == IPV6 and len(packet) >= 40:
        packet[4:6] = (len(packet) - 40).to_bytes(2)
    data = bytes(12) + ethertype.to_bytes(2) + bytes(packet)
    layers = dissect(data)
    if not layers.transport or "nw_proto" not in layers.fields or layers.fields.get("nw_frag"):
        return None
    return data, layers
