"""Address families, IP prefixes and MAC addresses, as integers with the field's usual spelling."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple, Self

ARP_ETHERTYPE = 0x0806


@dataclass(frozen=True, slots=True)
class Family:
    """An address family and the numbers that differ between the two."""

    name: str
    """Neutron's ``ethertype``."""
    version: int
    bits: int
    """Width of an address."""
    ethertype: int
    icmp: int
    """IP protocol number of the family's ICMP."""


IPV4 = Family("IPv4", version=4, bits=32, ethertype=0x0800, icmp=1)
IPV6 = Family("IPv6", version=6, bits=128, ethertype=0x86DD, icmp=58)
FAMILIES = (IPV4, IPV6)
FAMILY_BY_NAME = {family.name: family for family in FAMILIES}
FAMILY_BY_VERSION = {family.version: family for family in FAMILIES}
FAMILY_BY_ETHERTYPE = {family.ethertype: family for family in FAMILIES}


class Prefix(NamedTuple):
    """An IP prefix; a single address is a prefix of full length.  Host bits are always zero."""

    family: Family
    value: int
    length: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``10.0.0.0/24``, ``fd00::1`` and the like; host bits are cleared, as Neutron does.

        Raises ValueError where the text is no address or prefix.
        """
        address, slash, length = text.partition("/")
        if slash and not (length.isascii() and length.isdecimal()):
            network = ipaddress.ip_network(text, strict=False)
            family = FAMILY_BY_VERSION[network.version]
            return cls(family, int(network.network_address), network.prefixlen)
        family, value = parse_address(address)
        free = family.bits - int(length) if slash else 0
        if free < 0:
            raise ValueError(f"{text!r} has more bits than an {family.name} address")
        return cls(family, value >> free << free, family.bits - free)

    @property
    def mask(self) -> int:
        """The prefix's netmask, as an integer."""
        bits = self.family.bits
        return ((1 << self.length) - 1) << (bits - self.length)

    @property
    def first(self) -> int:
        """The lowest address of the prefix."""
        return self.value

    @property
    def last(self) -> int:
        """The highest address of the prefix."""
        return self.value | ((1 << (self.family.bits - self.length)) - 1)

    @property
    def is_address(self) -> bool:
        """Tell whether the prefix is one single address."""
        return self.length == self.family.bits

    def __contains__(self, address: object) -> bool:
        """Tell whether an address, given as an integer of the same family, lies in the prefix."""
        return isinstance(address, int) and self.first <= address <= self.last

    def __str__(self) -> str:
        """Spell the prefix; a single address without its length."""
        text = address_text(self.family, self.value)
        return text if self.is_address else f"{text}/{self.length}"


def parse_address(text: str) -> tuple[Family, int]:
    """Read one IP address.  Raises ValueError where the text is none."""
    address = ipaddress.ip_address(text)
    return FAMILY_BY_VERSION[address.version], int(address)


def address_text(family: Family, value: int) -> str:
    """Spell an address."""
    if family is IPV4:
        return str(ipaddress.IPv4Address(value))
    return str(ipaddress.IPv6Address(value))


_MAC = re.compile(r"[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}")


def parse_mac(text: str) -> int:
    """Read a MAC address in colon or hyphen notation.  Raises ValueError otherwise."""
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text!r} is not a MAC address such as 02:00:00:00:00:01")
    return int(re.sub("[:-]", "", text), 16)


def mac_text(mac: int) -> str:
    """Spell a MAC address in lower-case colon notation."""
    return ":".join(f"{mac >> shift & 0xFF:02x}" for shift in range(40, -1, -8))


def link_local(mac: int) -> int:
    """Return the EUI-64 link-local IPv6 address of a MAC (RFC 4291, appendix A)."""
    high, low = mac >> 24, mac & 0xFFFFFF
    return (0xFE80 << 112) | ((high ^ 0x020000) << 40) | (0xFFFE << 24) | low
