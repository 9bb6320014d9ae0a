"""Fields on the wire: the numbers of OpenFlow's and Nicira's extensible match (OXM, NXM).

A field travels as a four-byte header (class, number, has-mask, length), its value and its mask.
Source: ovs-fields(7), where each field's number stands.
"""

from __future__ import annotations

from typing import NamedTuple

from damselfly.flow.field import FIELDS, ORDER

from .wire import ProtocolError

_NXM0, _NXM1, _OXM = 0x0000, 0x0001, 0x8000
MASKED = 0x100
"""The bit of a header that says that a mask follows the value."""

_OXM_NUMBERS = {
    "in_port": 0, "metadata": 2, "dl_dst": 3, "dl_src": 4, "dl_type": 5, "nw_proto": 10,
    "nw_src": 11, "nw_dst": 12, "tcp_src": 13, "tcp_dst": 14, "udp_src": 15, "udp_dst": 16,
    "sctp_src": 17, "sctp_dst": 18, "icmp_type": 19, "icmp_code": 20, "arp_op": 21, "arp_spa": 22,
    "arp_tpa": 23, "arp_sha": 24, "arp_tha": 25, "ipv6_src": 26, "ipv6_dst": 27,
    "icmpv6_type": 29, "icmpv6_code": 30, "nd_target": 31, "nd_sll": 32, "nd_tll": 33,
    "tun_id": 38,
}  # fmt: skip
_NXM_NUMBERS = {
    **{f"reg{n}": n for n in range(16)}, "nw_frag": 26, "nw_ttl": 29, "tun_src": 31,
    "ct_state": 105, "ct_zone": 106, "ct_mark": 107, "ct_label": 108,
    **{f"xxreg{n}": 111 + n for n in range(4)},
    "ct_nw_proto": 119, "ct_nw_src": 120, "ct_nw_dst": 121, "ct_ipv6_src": 122,
    "ct_ipv6_dst": 123, "ct_tp_src": 124, "ct_tp_dst": 125,
}  # fmt: skip
_NUMBERS = {
    **{name: (_OXM, number) for name, number in _OXM_NUMBERS.items()},
    **{name: (_NXM1, number) for name, number in _NXM_NUMBERS.items()},
    "vlan_tci": (_NXM0, 4),
}
# Older numbers, by which the switch names some of these fields in a "move".
_OLD_NUMBERS = {
    "dl_dst": (_NXM0, 1), "dl_src": (_NXM0, 2), "dl_type": (_NXM0, 3), "nw_proto": (_NXM0, 6),
    "nw_src": (_NXM0, 7), "nw_dst": (_NXM0, 8), "tcp_src": (_NXM0, 9), "tcp_dst": (_NXM0, 10),
    "udp_src": (_NXM0, 11), "udp_dst": (_NXM0, 12), "icmp_type": (_NXM0, 13),
    "icmp_code": (_NXM0, 14), "arp_op": (_NXM0, 15), "arp_spa": (_NXM0, 16),
    "arp_tpa": (_NXM0, 17), "tun_id": (_NXM1, 16), "arp_sha": (_NXM1, 17), "arp_tha": (_NXM1, 18),
    "ipv6_src": (_NXM1, 19), "ipv6_dst": (_NXM1, 20), "icmpv6_type": (_NXM1, 21),
    "icmpv6_code": (_NXM1, 22), "nd_target": (_NXM1, 23), "nd_sll": (_NXM1, 24),
    "nd_tll": (_NXM1, 25),
}  # fmt: skip

# The switch refuses a field that comes before its prerequisites.
_FIRST = ("dl_type", "nw_proto", "ct_state", "ct_nw_proto", "icmpv6_type")
LAST_RANK = len(_FIRST) + len(ORDER)


class Spelling(NamedTuple):
    """How a field is written: its place among others, its headers, its size and full mask."""

    rank: int
    exact: bytes
    masked: bytes
    size: int
    full: int


class Reading(NamedTuple):
    """What a header stands for: ``size`` bytes of value whose bits lie at ``shift`` of a field."""

    name: str
    size: int
    masked: bool
    shift: int
    full: int


def _header(space: int, number: int, length: int) -> int:
    return space << 16 | number << 9 | length


def _bytes(header: int) -> bytes:
    return header.to_bytes(4, "big")


def _spell(name: str) -> Spelling:
    field = FIELDS[name]
    size = (field.bits + 7) // 8
    rank = _FIRST.index(name) if name in _FIRST else len(_FIRST) + ORDER[name]
    exact = _header(*_NUMBERS[name], size)
    masked = _header(*_NUMBERS[name], 2 * size) | MASKED
    return Spelling(rank, _bytes(exact), _bytes(masked), size, field.full_mask)


def _readings() -> dict[int, Reading]:
    # In OpenFlow 1.3 the switch hands vlan_tci back as VLAN id (with the "present" bit) and PCP.
    vlan_id, vlan_pcp = _header(_OXM, 6, 2), _header(_OXM, 7, 1)
    readings = {
        _SET_IN_PORT: Reading("in_port", 2, False, 0, 0xFFFF),
        vlan_id: Reading("vlan_tci", 2, False, 0, 0x1FFF),
        vlan_id + 2 | MASKED: Reading("vlan_tci", 2, True, 0, 0x1FFF),
        vlan_pcp: Reading("vlan_tci", 1, False, 13, 0x7),
    }
    for name, (_, exact, masked, size, full) in SPELLINGS.items():
        readings[int.from_bytes(exact, "big")] = Reading(name, size, False, 0, full)
        readings[int.from_bytes(masked, "big")] = Reading(name, size, True, 0, full)
    for name, number in _OLD_NUMBERS.items():
        size, full = SPELLINGS[name].size, SPELLINGS[name].full
        readings[_header(*number, size)] = Reading(name, size, False, 0, full)
    return readings


# The switch refuses to set the 32-bit in_port, which it matches, but sets this one.
_SET_IN_PORT = _header(_NXM0, 0, 2)

SPELLINGS = {name: _spell(name) for name in _NUMBERS}
"""How each field is written in a match."""
READINGS = _readings()
"""What each header stands for."""


def copied_header(name: str) -> bytes:
    """Return the header by which actions copy a field; raise ProtocolError for one unknown here."""
    if name not in _NUMBERS:
        raise ProtocolError(f"OpenFlow has no number for the field {name!r}")
    return _bytes(_header(*_OLD_NUMBERS.get(name, _NUMBERS[name]), SPELLINGS[name].size))


def copied_field(header: bytes) -> str:
    """Return the field that actions copy by that header; raise ProtocolError if there is none."""
    return _reading(header).name


def encode_value(name: str, value: int) -> bytes:
    """Encode the setting of a field; raise ProtocolError where the value does not fit."""
    if name not in SPELLINGS:
        raise ProtocolError(f"OpenFlow has no number for the field {name!r}")
    _, header, _, size, full = SPELLINGS[name]
    if name == "in_port":
        header, size, full = _bytes(_SET_IN_PORT), 2, 0xFFFF
    if value & ~full:
        raise ProtocolError(f"{name}={value:#x} does not fit into the field")
    return header + value.to_bytes(size, "big")


def decode_value(data: bytes) -> tuple[str, int]:
    """Decode the setting of a field; what follows it is ignored."""
    reading = _reading(data[:4])
    value = data[4 : 4 + reading.size]
    if len(value) < reading.size:
        raise ProtocolError(f"the value of {reading.name} is cut off")
    return reading.name, int.from_bytes(value, "big") << reading.shift


def _reading(header: bytes) -> Reading:
    reading = READINGS.get(int.from_bytes(header, "big")) if len(header) == 4 else None
    if reading is None or reading.masked:
        raise ProtocolError(f"no field has the header {header.hex()}")
    return reading
