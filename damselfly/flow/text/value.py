"""One field's value, spelt in the field's style."""

from __future__ import annotations

import ipaddress
import re

from damselfly.flow.field import Field, Frag, Style
from damselfly.flow.match import ct_state

PORTS = {"IN_PORT": 0xFFFFFFF8, "LOCAL": 0xFFFFFFFE}
"""Reserved ports by name."""
PORT_NAMES = {number: name for name, number in PORTS.items()}
_MAC = re.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_STATE = re.compile(r"([+-](new|est|rel|rpl|inv|trk))+")
_STATES = ("new", "est", "rel", "rpl", "inv", "trk")
_BOTH = Frag.ANY | Frag.LATER
_FRAGS = {
    "no": (0, _BOTH),
    "yes": (Frag.ANY.value, Frag.ANY.value),
    "first": (Frag.ANY.value, _BOTH),
    "later": (_BOTH, _BOTH),
    "not_later": (0, Frag.LATER.value),
}
_FRAG_NAMES = {pair: name for name, pair in _FRAGS.items()}


def parse_number(text: str, what: str) -> int:
    """Read a decimal or hexadecimal number; ``what`` names it in the error."""
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"{what}: {text!r} is not a number")
    return number


def format_value(field: Field, value: int) -> str:
    """Spell a whole value, as ``set_field`` has it."""
    match field.style:
        case Style.MAC:
            return value.to_bytes(6).hex(":")
        case Style.IPV4:
            return str(ipaddress.IPv4Address(value))
        case Style.IPV6:
            return _format_ipv6(value)
        case Style.HEX:
            return _hex(value)
        case _:
            return str(value)


def parse_value(field: Field, text: str) -> int:
    """Read a whole value.  Raises ValueError where it is none or does not fit."""
    try:
        match field.style:
            case Style.MAC:
                value = _parse_mac(text)
            case Style.IPV4:
                value = int(ipaddress.IPv4Address(text))
            case Style.IPV6:
                value = int(ipaddress.IPv6Address(text))
            case _:
                is_port = field.name == "in_port" and text in PORTS
                value = PORTS[text] if is_port else parse_number(text, field.name)
    except ValueError as error:
        raise ValueError(f"{field.name}: {text!r} cannot be read: {error}") from None
    if value & ~field.full_mask:
        raise ValueError(f"{field.name}: {text!r} has more than {field.bits} bits")
    return value


def _parse_mac(text: str) -> int:
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text!r} is not a MAC address")
    return int(text.replace(":", ""), 16)


def format_masked(field: Field, value: int, mask: int) -> str:
    """Spell a value under its mask, as a match has it, without the field's name."""
    if field.style is Style.CT_STATE:
        return _format_state(value, mask)
    if field.style is Style.FRAG:
        return _FRAG_NAMES.get((value, mask), f"{value:#x}/{mask:#x}")
    if mask == field.full_mask:
        is_named = field.name == "in_port" and value in PORT_NAMES
        return PORT_NAMES[value] if is_named else format_value(field, value)
    if field.style in (Style.IPV4, Style.IPV6):
        return f"{format_value(field, value)}/{_format_netmask(field, mask)}"
    if field.style is Style.DECIMAL:
        return f"{value:#x}/{mask:#x}"
    return f"{format_value(field, value)}/{format_value(field, mask)}"


def parse_masked(field: Field, text: str) -> tuple[int, int]:
    """Read a value and its mask; bits outside the mask are cleared, as ovs-ofctl does."""
    if field.style is Style.CT_STATE and "/" not in text:
        if not _STATE.fullmatch(text):
            raise ValueError(f"ct_state: {text!r} is not of the form +trk-inv")
        return ct_state(text)
    if field.style is Style.FRAG and text in _FRAGS:
        return _FRAGS[text]
    if field.style is Style.FRAG and "/" not in text:
        raise ValueError(f"nw_frag: {text!r} is none of {', '.join(_FRAGS)}")
    value_text, slash, mask_text = text.partition("/")
    value = parse_value(field, value_text)
    mask = _parse_mask(field, mask_text) if slash else field.full_mask
    return value & mask, mask


def _parse_mask(field: Field, text: str) -> int:
    if field.style in (Style.IPV4, Style.IPV6) and text.isdecimal():
        length = int(text)
        if length > field.bits:
            raise ValueError(f"{field.name}: /{text} is longer than {field.bits} bits")
        return field.full_mask ^ ((1 << (field.bits - length)) - 1)
    return parse_value(field, text)


def _format_state(value: int, mask: int) -> str:
    named = [(1 << bit, name) for bit, name in enumerate(_STATES)]
    if mask & ~sum(bit for bit, _ in named):
        return f"{value:#x}/{mask:#x}"
    return "".join(f"{'+' if value & bit else '-'}{name}" for bit, name in named if mask & bit)


def _format_netmask(field: Field, mask: int) -> str:
    free = field.full_mask ^ mask
    if free & (free + 1):
        return format_value(field, mask)
    return str(field.bits - free.bit_length())


def _format_ipv6(value: int) -> str:
    """Spell an address as inet_ntop(3) does: an IPv4 address in it with dots."""
    head, tail = value >> 32, value & 0xFFFF_FFFF
    if head == 0xFFFF:
        return f"::ffff:{ipaddress.IPv4Address(tail)}"
    if head == 0 and tail > 0xFFFF:
        return f"::{ipaddress.IPv4Address(tail)}"
    return str(ipaddress.IPv6Address(value))


def _hex(value: int) -> str:
    return f"{value:#x}" if value else "0"
