"""The names that actions give to fields.

Source: ovs-fields(7); what ``ovs-ofctl dump-flows`` prints.
"""

from __future__ import annotations

from damselfly.flow.field import FIELDS

_SET_NAMES = {"dl_src": "eth_src", "dl_dst": "eth_dst", "nw_src": "ip_src", "nw_dst": "ip_dst"}
_OXM = ("in_port", "metadata", "sctp_src", "sctp_dst")
_NXM_OF = {
    "dl_src": "ETH_SRC", "dl_dst": "ETH_DST", "dl_type": "ETH_TYPE", "vlan_tci": "VLAN_TCI",
    "nw_src": "IP_SRC", "nw_dst": "IP_DST", "nw_proto": "IP_PROTO", "tcp_src": "TCP_SRC",
    "tcp_dst": "TCP_DST", "udp_src": "UDP_SRC", "udp_dst": "UDP_DST", "icmp_type": "ICMP_TYPE",
    "icmp_code": "ICMP_CODE", "arp_op": "ARP_OP", "arp_spa": "ARP_SPA", "arp_tpa": "ARP_TPA",
}  # fmt: skip
_NXM_NX = {"tun_src": "TUN_IPV4_SRC", "nw_ttl": "IP_TTL", "nw_frag": "IP_FRAG"}


def set_name(field: str) -> str:
    """Return the name that ``set_field`` has for a field."""
    return _SET_NAMES.get(field, field)


def long_name(field: str) -> str:
    """Return the name that ``move`` and ``ct`` have for a field."""
    if field in _NXM_OF:
        return f"NXM_OF_{_NXM_OF[field]}"
    if field in _OXM:
        return f"OXM_OF_{field.upper()}"
    return f"NXM_NX_{_NXM_NX.get(field, field.upper())}"


_FIELD_BY_NAME = {
    **{long_name(field): field for field in FIELDS},
    **{field: field for field in FIELDS},
    **{name: field for field, name in _SET_NAMES.items()},
    "NXM_OF_SCTP_SRC": "sctp_src",
    "NXM_OF_SCTP_DST": "sctp_dst",
}


def field_named(name: str) -> str:
    """Return the field of any of its names.  Raises ValueError for an unknown one."""
    field = _FIELD_BY_NAME.get(name)
    if field is None:
        raise ValueError(f"{name!r} is no field that is known here")
    return field
