"""The packet and metadata fields that flows may match or set, by Open vSwitch's names.

Source: ovs-fields(7).  Wire numbers belong to the OpenFlow codec, not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Style(Enum):
    """How a field's values are spelt in ovs-ofctl(8) syntax."""

    DECIMAL = "decimal"
    HEX = "hex"
    MAC = "mac"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    CT_STATE = "ct_state"
    FRAG = "frag"


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, its width in bits and how its values are spelt."""

    name: str
    bits: int
    style: Style = Style.DECIMAL

    @property
    def full_mask(self) -> int:
        """The mask of an exact match."""
        return (1 << self.bits) - 1


def _fields() -> list[Field]:
    d, x = Style.DECIMAL, Style.HEX
    return [
        Field("in_port", 32, d), Field("tun_id", 64, x), Field("tun_src", 32, Style.IPV4),
        Field("metadata", 64, x),
        *(Field(f"reg{n}", 32, x) for n in range(16)),
        *(Field(f"xxreg{n}", 128, x) for n in range(4)),
        Field("ct_state", 32, Style.CT_STATE), Field("ct_zone", 16, d), Field("ct_mark", 32, x),
        Field("ct_label", 128, x),
        Field("ct_nw_src", 32, Style.IPV4), Field("ct_nw_dst", 32, Style.IPV4),
        Field("ct_ipv6_src", 128, Style.IPV6), Field("ct_ipv6_dst", 128, Style.IPV6),
        Field("ct_nw_proto", 8, d), Field("ct_tp_src", 16, d), Field("ct_tp_dst", 16, d),
        Field("dl_src", 48, Style.MAC), Field("dl_dst", 48, Style.MAC), Field("dl_type", 16, x),
        Field("vlan_tci", 16, x),
        Field("nw_src", 32, Style.IPV4), Field("nw_dst", 32, Style.IPV4),
        Field("ipv6_src", 128, Style.IPV6), Field("ipv6_dst", 128, Style.IPV6),
        Field("nw_proto", 8, d), Field("nw_ttl", 8, d), Field("nw_frag", 2, Style.FRAG),
        Field("tcp_src", 16, d), Field("tcp_dst", 16, d),
        Field("udp_src", 16, d), Field("udp_dst", 16, d),
        Field("sctp_src", 16, d), Field("sctp_dst", 16, d),
        Field("icmp_type", 8, d), Field("icmp_code", 8, d),
        Field("icmpv6_type", 8, d), Field("icmpv6_code", 8, d),
        Field("arp_op", 16, d), Field("arp_spa", 32, Style.IPV4), Field("arp_tpa", 32, Style.IPV4),
        Field("arp_sha", 48, Style.MAC), Field("arp_tha", 48, Style.MAC),
        Field("nd_target", 128, Style.IPV6), Field("nd_sll", 48, Style.MAC),
        Field("nd_tll", 48, Style.MAC),
    ]  # fmt: skip


FIELDS: dict[str, Field] = {field.name: field for field in _fields()}
"""Every field by name, in the order in which matches are spelt."""

ORDER = {name: index for index, name in enumerate(FIELDS)}


class CtState(int, Enum):
    """Bits of ``ct_state`` (ovs-fields(7), "Connection Tracking State")."""

    NEW = 0x01
    EST = 0x02
    REL = 0x04
    RPL = 0x08
    INV = 0x10
    TRK = 0x20


class Frag(int, Enum):
    """Bits of ``nw_frag``: any fragment has ANY; all but the first have LATER too."""

    ANY = 0x01
    LATER = 0x02
