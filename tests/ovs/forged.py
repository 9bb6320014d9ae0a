"""Frames that a hostile VM 1 sends to VM 2, which lets everything in: none may arrive.

What its own addresses carry passes VM 2's rules, so only what holds for everybody can stop these.
"""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, fragment
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
    fragment6,
)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw

MAC1, MAC2, STRANGER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:99"
EVERYBODY, ALL_NODES = "ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01"
A1, A2, S1, S2 = "10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"
LOCAL = "fe80::ff:fe00:1"
TO2, TO_ALL = Ether(src=MAC1, dst=MAC2), Ether(src=MAC1, dst=EVERYBODY)
FROM1, FROM1_V6 = IP(src=A1, dst=A2), IPv6(src=S1, dst=S2, hlim=255)
FROM_LOCAL = IPv6(src=LOCAL, dst=S2, hlim=255)
ADVERTISEMENT = ICMPv6ND_RA() / ICMPv6NDOptPrefixInfo(prefix="fd66::")
SOLICITATION = ICMPv6ND_NS(tgt=S2)
LONG = Raw(b"x" * 3000)
PADDING = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"x" * 200)] * 6)
"""Fills a first fragment, so that nothing else of the datagram is in it."""

EXTENSIONS: dict[str, list[Packet]] = {
    "nothing": [],
    "hop-by-hop options": [IPv6ExtHdrHopByHop()],
    "destination options": [IPv6ExtHdrDestOpt(), IPv6ExtHdrDestOpt()],
    "an atomic fragment": [IPv6ExtHdrFragment(id=1)],
    "options in an atomic fragment": [IPv6ExtHdrFragment(id=2), IPv6ExtHdrDestOpt()],
    "a routing header": [IPv6ExtHdrRouting()],
    "a tiny first fragment": [IPv6ExtHdrFragment(id=3, m=1)],
}


def forgeries() -> dict[str, list[bytes]]:
    """Return frames, or all frames of a datagram, by what they are."""
    found: dict[str, list[bytes]] = {}
    for part in (_sources(), _arp(), _behind_extensions(), _discovery(), _icmp(), _strange()):
        found |= {name: [bytes(frame)] for name, frame in part}
    return found | dict(_fragmented())


def _sources() -> Iterator[tuple[str, Packet]]:
    yield "a stranger's MAC", Ether(src=STRANGER, dst=MAC2) / FROM1 / UDP()
    yield "the receiver's own addresses", Ether(src=MAC2, dst=MAC2) / IP(src=A2, dst=A2) / UDP()
    yield "a multicast source", Ether(src="03:00:00:00:00:01", dst=MAC2) / FROM1 / UDP()
    yield "another IPv4 source", TO2 / IP(src="10.0.0.9", dst=A2) / UDP()
    yield "another IPv6 source", TO2 / IPv6(src="fd00::9", dst=S2) / UDP()
    yield "no IPv4 source", TO2 / IP(src="0.0.0.0", dst=A2) / UDP()
    yield "no IPv6 source", TO2 / IPv6(src="::", dst=S2) / UDP()
    yield "a mapped source", TO2 / IPv6(src="::ffff:10.0.0.1", dst=S2) / UDP()
    yield "itself", Ether(src=MAC1, dst=MAC1) / IP(src=A1, dst=A1) / UDP()


def _arp() -> Iterator[tuple[str, Packet]]:
    yield "ARP, another hardware address", TO_ALL / ARP(op=1, hwsrc=STRANGER, psrc=A1, pdst=A2)
    yield (
        "ARP, another Ethernet source",
        Ether(src=STRANGER, dst=EVERYBODY) / ARP(op=1, hwsrc=MAC1, psrc=A1, pdst=A2),
    )
    yield "ARP reply for another", TO2 / ARP(op=2, hwsrc=MAC1, psrc="10.0.0.9", pdst=A2)
    yield "gratuitous ARP for another", TO_ALL / ARP(op=2, hwsrc=MAC1, psrc=A2, pdst=A2)
    yield "ARP probe as a reply", TO_ALL / ARP(op=2, hwsrc=MAC1, psrc="0.0.0.0", pdst=A2)
    yield "ARP of other hardware", TO_ALL / ARP(hwtype=6, op=1, hwsrc=MAC1, psrc=A1, pdst=A2)
    yield "RARP", Ether(src=MAC1, dst=EVERYBODY, type=0x8035) / ARP(op=3, hwsrc=MAC1, psrc=A1)


def _behind_extensions() -> Iterator[tuple[str, Packet]]:
    other = ICMPv6ND_NA(tgt=S2, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=MAC1)
    claim = SOLICITATION / ICMPv6NDOptSrcLLAddr(lladdr=STRANGER)
    for name, headers in EXTENSIONS.items():
        packet = FROM_LOCAL
        for header in headers:
            packet /= header
        yield f"RA behind {name}", TO2 / packet / ADVERTISEMENT
        yield f"NA for another behind {name}", TO2 / packet / other
        yield f"NS that claims another behind {name}", TO2 / packet / claim
        yield f"DHCPv6 reply behind {name}", TO2 / packet / UDP(sport=547, dport=546)


def _discovery() -> Iterator[tuple[str, Packet]]:
    own, other = (ICMPv6NDOptSrcLLAddr(lladdr=address) for address in (MAC1, STRANGER))
    told, lie = (ICMPv6NDOptDstLLAddr(lladdr=address) for address in (MAC1, STRANGER))
    yield "RA to all", Ether(src=MAC1, dst=ALL_NODES) / FROM_LOCAL / ADVERTISEMENT
    yield "NS with two addresses", TO2 / FROM1_V6 / SOLICITATION / other / own
    yield "NS with two addresses, honest first", TO2 / FROM1_V6 / SOLICITATION / own / other
    yield "NS with a broken option", TO2 / FROM1_V6 / SOLICITATION / other / Raw(b"\5" + bytes(7))
    yield "NS of another code", TO2 / FROM1_V6 / ICMPv6ND_NS(tgt=S2, code=1) / other
    yield (
        "NS as a covert channel",
        TO2 / FROM1_V6 / ICMPv6Unknown(type=135, code=9) / LONG.load[:99],
    )
    yield "NS cut short", TO2 / FROM1_V6 / ICMPv6Unknown(type=135)
    yield "NA with two addresses", TO2 / FROM1_V6 / ICMPv6ND_NA(tgt=S1) / lie / told
    yield "NA of another code", TO2 / FROM1_V6 / ICMPv6ND_NA(tgt=S1, code=1) / told
    yield "NA from nowhere", TO2 / IPv6(src="::", dst=S2, hlim=255) / ICMPv6ND_NA(tgt=S1)
    yield (
        "duplicate address detection for another",
        Ether(src=MAC1, dst=ALL_NODES) / IPv6(src="::", dst="ff02::1", hlim=255) / SOLICITATION,
    )


def _icmp() -> Iterator[tuple[str, Packet]]:
    quoted = bytes(IP(src=A2, dst="10.0.0.3") / UDP(sport=1, dport=2))
    for kind in (3, 11, 12):
        yield f"ICMP {kind} that quotes others", TO2 / FROM1 / ICMP(type=kind) / quoted
    quoted = bytes(IPv6(src=S2, dst="fd00::3") / UDP(sport=1, dport=2))
    for kind in (1, 2, 3, 4):
        error = ICMPv6Unknown(type=kind) / Raw(bytes(4) + quoted)
        yield f"ICMPv6 {kind} that quotes others", TO2 / FROM1_V6 / error


def _strange() -> Iterator[tuple[str, Packet]]:
    for flags in ("", "SF", "SR", "SA", "SAFRPUEC"):
        yield f"TCP with flags '{flags}'", TO2 / FROM1 / TCP(sport=7, dport=80, flags=flags)
    yield "UDP from port 0 to port 0", TO2 / FROM1 / UDP(sport=0, dport=0)
    yield "DHCP reply", TO2 / FROM1 / UDP(sport=67, dport=68)
    options = IP(src=A1, dst=A2, options=[IPOption_NOP()] * 8)
    yield "DHCP reply with IP options", TO2 / options / UDP(sport=67, dport=68)
    yield "a VLAN", TO2 / Dot1Q(vlan=5) / FROM1 / UDP()
    yield "a priority tag", TO2 / Dot1Q(vlan=0) / FROM1 / UDP()
    yield "two VLANs", TO2 / Dot1AD(vlan=5) / Dot1Q(vlan=6) / FROM1 / UDP()
    yield "MPLS", Ether(src=MAC1, dst=MAC2, type=0x8847) / Raw(b"\0\0\x11\xff") / FROM1 / UDP()
    yield "a length that lies", TO2 / IP(src=A1, dst=A2, len=2000) / UDP()
    yield "a length too short", TO2 / IP(src=A1, dst=A2, len=10) / UDP()
    yield "a wrong checksum", TO2 / IP(src=A1, dst=A2, chksum=1) / UDP()
    whole = bytes(TO2 / FROM1_V6 / TCP())
    for length in range(14, len(whole), 7):
        yield f"IPv6 cut off after {length} bytes", Raw(whole[:length])


def _fragmented() -> Iterator[tuple[str, list[bytes]]]:
    """Yield whole datagrams in fragments, which hide their ports and types from the tables."""
    reply, reply6 = UDP(sport=67, dport=68) / LONG, UDP(sport=547, dport=546) / LONG
    redirected = Raw(bytes(8) + LONG.load)
    options = Raw((b"\x02\x01" + bytes(6)) * 300)
    for number, order in ((11, 1), (12, -1)):
        way = "in order" if order == 1 else "backwards"
        yield f"DHCP reply in fragments {way}", _v4(number, reply)[::order]
        yield f"DHCPv6 reply in fragments {way}", _v6(number, reply6)[::order]
    yield "DHCPv6 reply in the second fragment", _v6(13, PADDING / reply6)
    yield "RA in fragments", _v6(14, ADVERTISEMENT / options)
    yield "RA in the second fragment", _v6(15, PADDING / ADVERTISEMENT / options)
    yield "NA in fragments", _v6(16, ICMPv6ND_NA(tgt=S2) / options)
    yield "redirect in fragments", _v4(17, ICMP(type=5) / redirected)
    yield "unreachable in fragments", _v4(18, ICMP(type=3) / redirected)
    yield "a first fragment alone", _v4(19, UDP(sport=1, dport=2) / LONG)[:1]
    yield "later fragments alone", _v4(20, UDP(sport=1, dport=2) / LONG)[1:]


def _v4(number: int, packet: Packet) -> list[bytes]:
    whole = IP(src=A1, dst=A2, id=number) / packet
    return [bytes(TO2 / IP(bytes(piece))) for piece in fragment(whole, fragsize=1400)]


def _v6(number: int, packet: Packet) -> list[bytes]:
    whole = FROM_LOCAL / IPv6ExtHdrFragment(id=number) / packet
    return [bytes(TO2 / IPv6(bytes(piece))) for piece in fragment6(whole, 1400)]
