"""A packet on its way through the switch: its bytes and what the tracker noted on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from damselfly.flow.field import FIELDS
from damselfly.southbound.frame import Layers, dissect
from damselfly.southbound.frame.checksum import CHECKSUM_AT, amended
from damselfly.southbound.frame.layers import ARP, ICMP, ICMPV6, IPV4, IPV6, TCP, UDP
from damselfly.southbound.frame.transport import discovery_options

_ETHERNET_AT = {"dl_dst": 0, "dl_src": 6}
_NETWORK_AT = {
    IPV4: {"nw_src": 12, "nw_dst": 16, "nw_ttl": 8},
    IPV6: {"ipv6_src": 8, "ipv6_dst": 24, "nw_ttl": 7},
    ARP: {"arp_op": 6, "arp_sha": 8, "arp_spa": 14, "arp_tha": 18, "arp_tpa": 24},
}
_TRANSPORT_AT = {
    "tcp_src": 0, "udp_src": 0, "sctp_src": 0, "tcp_dst": 2, "udp_dst": 2, "sctp_dst": 2,
    "icmp_type": 0, "icmp_code": 1, "icmpv6_type": 0, "icmpv6_code": 1, "nd_target": 8,
}  # fmt: skip
_HEADER = {TCP: 20, UDP: 8, ICMP: 8, ICMPV6: 8}
_ROUTING = 43
"""The IPv6 routing header."""
_OPTION = {"nd_sll": 1, "nd_tll": 2}
_ADDRESSES = frozenset(("nw_src", "nw_dst", "ipv6_src", "ipv6_dst"))
_IDENTIFYING = _ADDRESSES | {
    f"{name}_{end}" for name in ("tcp", "udp", "sctp") for end in ("src", "dst")
}
_TAG_PRESENT = 0x1000


@dataclass(slots=True)
class Tracking:
    """What the tracker noted on a packet."""

    state: int = 0
    zone: int = 0
    mark: int = 0
    label: int = 0
    original: dict[str, int] = field(default_factory=dict)
    """The original tuple, by field name."""
    connection: Any = None
    """The tracker's own entry, while the packet stays in the datapath."""


@dataclass(slots=True)
class Packet:
    """Bytes, their fields and the tracking state."""

    data: bytes
    in_port: int
    layers: Layers
    tracking: Tracking = field(default_factory=Tracking)
    origin: tuple[object, ...] = ()
    """Identity of the recirculation that the packet is in."""

    @classmethod
    def read(cls, data: bytes, in_port: int) -> Packet:
        """Dissect a frame that came in."""
        return cls(data, in_port, dissect(data))

    def copy(self) -> Packet:
        """Return a packet that may be changed without changing this one."""
        t = self.tracking
        tracking = Tracking(t.state, t.zone, t.mark, t.label, t.original, t.connection)
        return Packet(self.data, self.in_port, self.layers, tracking, self.origin)

    def write(self, name: str, value: int) -> None:
        """Change a header field, its checksums included; a field the frame lacks stays lacking."""
        if name in _IDENTIFYING and self.layers.fields.get(name) != value:
            # The tracker must look the packet up anew.
            self.tracking.connection = None
        frame = bytearray(self.data)
        if name == "vlan_tci":
            _write_tag(frame, value)
        elif name in _ETHERNET_AT:
            at = _ETHERNET_AT[name]
            frame[at : at + 6] = value.to_bytes(6)
        else:
            _write_header(frame, self.layers, name, value)
        self.data = bytes(frame)
        self.layers = dissect(self.data)


def _write_tag(frame: bytearray, value: int) -> None:
    if int.from_bytes(frame[12:14]) in (0x8100, 0x88A8):
        del frame[12:16]
    if value & _TAG_PRESENT:
        frame[12:12] = b"\x81\x00" + (value & ~_TAG_PRESENT).to_bytes(2)


def _write_header(frame: bytearray, layers: Layers, name: str, value: int) -> None:
    start, at = _locate(frame, layers, name)
    if not at:
        return
    size = FIELDS[name].bits // 8
    # Checksums add up words of 16 bits, counted from the start of the header.
    first = at - (at - start) % 2
    last = at + size + (at + size - start) % 2
    before = bytes(frame[first:last])
    frame[at : at + size] = value.to_bytes(size)
    after = bytes(frame[first:last])
    if layers.fields["dl_type"] == IPV4 and start == layers.network:
        _amend(frame, layers.network + 10, before, after)
    if start == layers.transport or name in _ADDRESSES:
        _amend_transport(frame, layers, name, before, after)


def _locate(frame: bytearray, layers: Layers, name: str) -> tuple[int, int]:
    """Return where the field's header and the field begin; 0 for a field that is not there."""
    if name in _OPTION:
        wanted = _OPTION[name]
        options = discovery_options(bytes(frame), layers)
        return layers.transport, next((at + 2 for kind, at, _ in options if kind == wanted), 0)
    if name in _TRANSPORT_AT:
        present = name in layers.fields and (
            layers.fields["nw_proto"] != TCP or _has_tcp(frame, layers)
        )
        return layers.transport, layers.transport + _TRANSPORT_AT[name] if present else 0
    ethertype = layers.fields["dl_type"]
    relative = _NETWORK_AT.get(ethertype, {}).get(name)
    # The switch takes protocol 0 for the sign that there is no IP header to change.
    is_writable = layers.fields.get("arp_op" if ethertype == ARP else "nw_proto")
    if relative is None or not layers.network or not is_writable:
        return layers.network, 0
    return layers.network, layers.network + relative


def _has_tcp(frame: bytearray, layers: Layers) -> bool:
    """Tell whether the TCP header fits into the packet; if not, the switch leaves it alone."""
    length = (frame[layers.transport + 12] >> 4) * 4
    return _HEADER[TCP] <= length <= layers.end - layers.transport


def _amend_transport(
    frame: bytearray, layers: Layers, name: str, before: bytes, after: bytes
) -> None:
    protocol = layers.fields.get("nw_proto", 0)
    if protocol not in CHECKSUM_AT or layers.end - layers.transport < _HEADER[protocol]:
        return
    if name in _ADDRESSES and (protocol == ICMP or _hides_transport(frame, layers)):
        return
    at = layers.transport + CHECKSUM_AT[protocol]
    if protocol == UDP and frame[at : at + 2] == bytes(2):
        return
    # A later IPv4 fragment has no header here; Open vSwitch 3.1 amends its payload none the less.
    _amend(frame, at, before, after)


def _hides_transport(frame: bytearray, layers: Layers) -> bool:
    """Tell whether the switch that changes an address does not find the checksum behind it."""
    if layers.fields["dl_type"] != IPV6:
        return False
    is_atomic = bool(layers.fragment) and not layers.fields.get("nw_frag")
    return is_atomic or frame[layers.network + 6] == _ROUTING


def _amend(frame: bytearray, at: int, before: bytes, after: bytes) -> None:
    frame[at : at + 2] = amended(int.from_bytes(frame[at : at + 2]), before, after).to_bytes(2)
