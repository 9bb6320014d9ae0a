"""Matches: ``ct_state=-inv+trk,tcp,reg0=0x5,nw_src=10.0.0.0/24,tp_dst=80``."""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.field import FIELDS, Field
from damselfly.flow.match import Match, Term, from_mapping

from .value import format_masked, parse_masked, parse_number

_VLAN_ID, _VLAN_PRESENT, _VLAN_PRIORITY = 0xFFF, 0x1000, 0xE000

PROTOCOLS = {
    "ip": (0x0800, None),
    "ipv6": (0x86DD, None),
    "arp": (0x0806, None),
    "rarp": (0x8035, None),
    "tcp": (0x0800, 6),
    "tcp6": (0x86DD, 6),
    "udp": (0x0800, 17),
    "udp6": (0x86DD, 17),
    "sctp": (0x0800, 132),
    "sctp6": (0x86DD, 132),
    "icmp": (0x0800, 1),
    "icmp6": (0x86DD, 58),
}
"""Words that stand for ``dl_type`` and ``nw_proto``."""
_ALIASES = {"eth_src": "dl_src", "eth_dst": "dl_dst", "eth_type": "dl_type", "ip_src": "nw_src",
            "ip_dst": "nw_dst", "ip_proto": "nw_proto", "tunnel_id": "tun_id",
            "ip_frag": "nw_frag", "icmp6_type": "icmpv6_type",
            "icmp6_code": "icmpv6_code"}  # fmt: skip
_WORDS = {pair: word for word, pair in PROTOCOLS.items()}
_TRANSPORT = {6: "tcp", 17: "udp", 132: "sctp"}
_SHORT = {
    **{f"{name}_{end}": f"tp_{end}" for name in _TRANSPORT.values() for end in ("src", "dst")},
    "icmpv6_type": "icmp_type",
    "icmpv6_code": "icmp_code",
}
_PROTOCOL = "protocol"
"""Where the word for dl_type and nw_proto stands."""
_ORDER = (
    "ct_state", "ct_zone", "ct_mark", "ct_label", "ct_nw_src", "ct_ipv6_src", "ct_nw_dst",
    "ct_ipv6_dst", "ct_nw_proto", "ct_tp_src", "ct_tp_dst", _PROTOCOL,
    *(f"reg{n}" for n in range(16)), *(f"xxreg{n}" for n in range(4)), "tun_id", "tun_src",
    "metadata", "in_port", "vlan_tci", "dl_src", "dl_dst", "dl_type", "nw_src", "ipv6_src",
    "nw_dst", "ipv6_dst", "arp_spa", "arp_tpa", "nw_proto", "arp_op", "arp_sha", "arp_tha",
    "nw_ttl", "nw_frag", "tp_src", "tp_dst", "icmp_type", "icmp_code", "nd_target", "nd_sll",
    "nd_tll",
)  # fmt: skip
_PLACE = {name: place for place, name in enumerate(_ORDER)}


def format_match(match: Match) -> str:
    """Spell a match; empty where every packet matches."""
    words = list(_words(match))
    words.sort(key=lambda word: _PLACE.get(word[0], len(_PLACE)))
    return ",".join(text for _, text in words)


def _words(match: Match) -> Iterator[tuple[str, str]]:
    """Yield each part of the text with the name that gives its place."""
    word, said = _protocol_word(match)
    if word:
        yield _PROTOCOL, word
    for term in match:
        if term.field in said:
            continue
        name = _SHORT.get(term.field, term.field)
        if name == "vlan_tci":
            yield name, _format_vlan(term)
        else:
            field = FIELDS.get(term.field) or Field(term.field, term.mask.bit_length())
            yield name, f"{name}={format_masked(field, term.value, term.mask)}"


def _protocol_word(match: Match) -> tuple[str, frozenset[str]]:
    """Return the word for the match's protocol and the fields that it says all about."""
    ethertype = _exact(match, "dl_type")
    protocol = _exact(match, "nw_proto")
    if ethertype is None:
        return "", frozenset()
    if protocol is not None and (ethertype, protocol) in _WORDS:
        return _WORDS[ethertype, protocol], frozenset(("dl_type", "nw_proto"))
    word = _WORDS.get((ethertype, None), "")
    return word, frozenset(("dl_type",) if word else ())


def _exact(match: Match, field: str) -> int | None:
    term = match.term(field)
    return term.value if term is not None and term.mask == FIELDS[field].full_mask else None


def _format_vlan(term: Term) -> str:
    _, value, mask = term
    identifier, priority = mask & _VLAN_ID, mask & _VLAN_PRIORITY
    words = []
    if identifier == _VLAN_ID:
        words.append(f"dl_vlan={value & _VLAN_ID}")
    if priority == _VLAN_PRIORITY:
        words.append(f"dl_vlan_pcp={value >> 13}")
    is_tagged = bool(value & mask & _VLAN_PRESENT)
    whole = identifier in (0, _VLAN_ID) and priority in (0, _VLAN_PRIORITY)
    if is_tagged and whole and words:
        return ",".join(words)
    if mask == 0xFFFF:
        return f"vlan_tci=0x{value:04x}"
    return f"vlan_tci=0x{value:04x}/0x{mask:04x}"


def parse_match(text: str) -> Match:
    """Read a match.  Raises ValueError, naming the part that cannot be read."""
    return match_of(part.strip() for part in text.split(",") if part.strip())


def match_of(parts: Iterator[str]) -> Match:
    """Read a match from its parts."""
    wanted: dict[str, tuple[int, int]] = {}
    late: list[tuple[str, str]] = []
    for part in parts:
        name, equals, text = part.partition("=")
        if not equals and name in PROTOCOLS:
            _want_protocol(wanted, name)
        elif not equals:
            raise ValueError(f"{name!r} is no protocol that can be matched by its name")
        elif name in ("tp_src", "tp_dst", "icmp_type", "icmp_code"):
            late.append((name, text))
        elif name in ("dl_vlan", "dl_vlan_pcp"):
            _want(wanted, "vlan_tci", *_parse_vlan(name, text))
        else:
            _want_text(wanted, name, text)
    for name, text in late:
        _want_text(wanted, _long_name(wanted, name), text)
    return from_mapping(wanted)


def _want(wanted: dict[str, tuple[int, int]], name: str, value: int, mask: int) -> None:
    """Add a condition; a second one on the same bits must be the same."""
    old_value, old_mask = wanted.get(name, (0, 0))
    if (old_value ^ value) & old_mask & mask:
        raise ValueError(f"{name} is given twice, and differs")
    wanted[name] = old_value | value, old_mask | mask


def _want_text(wanted: dict[str, tuple[int, int]], name: str, text: str) -> None:
    field = FIELDS.get(_ALIASES.get(name, name))
    if field is None:
        raise ValueError(f"{name!r} is no field that can be matched")
    _want(wanted, field.name, *parse_masked(field, text))


def _want_protocol(wanted: dict[str, tuple[int, int]], word: str) -> None:
    ethertype, protocol = PROTOCOLS[word]
    _want(wanted, "dl_type", ethertype, 0xFFFF)
    if protocol is not None:
        _want(wanted, "nw_proto", protocol, 0xFF)


def _parse_vlan(name: str, text: str) -> tuple[int, int]:
    number = parse_number(text, name)
    shift, bits = (0, _VLAN_ID) if name == "dl_vlan" else (13, _VLAN_PRIORITY)
    if number << shift & ~bits:
        raise ValueError(f"{name}: {text!r} does not fit")
    return number << shift | _VLAN_PRESENT, bits | _VLAN_PRESENT


def _long_name(wanted: dict[str, tuple[int, int]], name: str) -> str:
    """Tell which protocol's port, or which family's ICMP, a short name means."""
    protocol = wanted.get("nw_proto", (0, 0))[0]
    if name.startswith("icmp"):
        return name.replace("icmp", "icmpv6") if protocol == 58 else name
    if protocol not in _TRANSPORT:
        raise ValueError(f"{name} needs tcp, udp or sctp")
    return name.replace("tp", _TRANSPORT[protocol], 1)
