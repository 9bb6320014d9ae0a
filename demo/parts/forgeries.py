"""The forged frames themselves, made with scapy, and one that is honest."""

from __future__ import annotations

from typing import Any, NamedTuple

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Advertise
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Padding, Raw
from scapy.utils6 import in6_mactoifaceid

from damselfly.pipeline.layout import Dropped
from lab.vm import VM

MARK = b"damselfly demo"
"""In every frame, so that it is known again wherever it arrives."""
_BROADCAST = "ff:ff:ff:ff:ff:ff"
_SPARE = "02:00:00:de:ad:01"
_TAIL = Padding(MARK)


class Forgery(NamedTuple):
    """A frame that must not arrive, and under which heading it must be counted."""

    what: str
    frame: Any
    why: Dropped


def honest(liar: VM, victim: VM) -> Any:
    """Make a frame that the attacker may send: an echo request to the web server."""
    return Ether(src=liar.mac, dst=victim.mac) / IP(src=liar.ipv4, dst=victim.ipv4) / ICMP() / MARK


def forgeries(liar: VM, victim: VM, target: VM) -> list[Forgery]:
    """Make everything that the liar sends in the victim's name, or as a server that it is not."""
    return [
        *_false_sources(liar, victim, target),
        *_false_neighbours(liar, victim, target),
        *_false_servers(liar),
        Forgery(
            "a VLAN tag",
            Ether(src=liar.mac, dst=target.mac) / Dot1Q(vlan=20) / _ping(liar, target),
            Dropped.VLAN,
        ),
        Forgery(
            "a multicast sender",
            Ether(src="03:00:00:00:00:01", dst=target.mac) / _ping(liar, target),
            Dropped.MULTICAST_SOURCE,
        ),
        Forgery(
            "an unknown protocol",
            Ether(src=liar.mac, dst=target.mac, type=0x88B5) / Raw(MARK),
            Dropped.ETHERTYPE,
        ),
    ]


def _false_sources(liar: VM, victim: VM, target: VM) -> list[Forgery]:
    own = Ether(src=liar.mac, dst=target.mac)
    stolen = Ether(src=victim.mac, dst=target.mac)
    invented = Ether(src=_SPARE, dst=target.mac)
    ping6 = IPv6(src=victim.ipv6, dst=target.ipv6) / ICMPv6EchoRequest(data=MARK)
    return [
        Forgery("another's MAC", stolen / _ping(liar, target), Dropped.SOURCE),
        Forgery("an invented MAC", invented / _ping(liar, target), Dropped.SOURCE),
        Forgery("another's IPv4 address", own / _ping(victim, target), Dropped.SOURCE),
        Forgery("another's IPv6 address", own / ping6, Dropped.SOURCE),
        Forgery("another's MAC and address", stolen / _ping(victim, target), Dropped.SOURCE),
    ]


def _false_neighbours(liar: VM, victim: VM, target: VM) -> list[Forgery]:
    frame = Ether(src=liar.mac, dst=_BROADCAST)
    claim = ARP(op=2, psrc=victim.ipv4, hwsrc=liar.mac, pdst=target.ipv4, hwdst=target.mac)
    alias = ARP(op=1, psrc=liar.ipv4, hwsrc=victim.mac, pdst=target.ipv4)
    own6 = Ether(src=liar.mac, dst=target.mac) / IPv6(src=liar.ipv6, dst=target.ipv6, hlim=255)
    advertised = ICMPv6ND_NA(tgt=victim.ipv6, R=0, S=1, O=1)
    solicited = ICMPv6ND_NS(tgt=target.ipv6)
    return [
        Forgery("ARP: another's address is here", frame / claim / _TAIL, Dropped.ARP),
        Forgery("ARP: my address is at another's MAC", frame / alias / _TAIL, Dropped.ARP),
        Forgery(
            "ND: another's address is here",
            own6 / advertised / ICMPv6NDOptDstLLAddr(lladdr=liar.mac) / _TAIL,
            Dropped.NEIGHBOUR,
        ),
        Forgery(
            "ND: my address is at another's MAC",
            own6 / solicited / ICMPv6NDOptSrcLLAddr(lladdr=victim.mac) / _TAIL,
            Dropped.NEIGHBOUR,
        ),
    ]


def _false_servers(liar: VM) -> list[Forgery]:
    local = f"fe80::{in6_mactoifaceid(liar.mac).lower()}"
    offer = BOOTP(op=2, yiaddr="10.20.0.99") / DHCP(options=[("message-type", "offer"), "end"])
    all_nodes = Ether(src=liar.mac, dst="33:33:00:00:00:01") / IPv6(
        src=local, dst="ff02::1", hlim=255
    )
    return [
        Forgery(
            "a rogue DHCP server",
            Ether(src=liar.mac, dst=_BROADCAST)
            / IP(src=liar.ipv4, dst="255.255.255.255")
            / UDP(sport=67, dport=68)
            / offer
            / _TAIL,
            Dropped.DHCP_SERVER,
        ),
        Forgery(
            "a rogue DHCPv6 server",
            all_nodes / UDP(sport=547, dport=546) / DHCP6_Advertise(trid=1) / _TAIL,
            Dropped.DHCPV6_SERVER,
        ),
        Forgery("a rogue router", all_nodes / ICMPv6ND_RA() / _TAIL, Dropped.ROUTER_ADVERTISEMENT),
    ]


def _ping(source: VM, target: VM) -> Any:
    return IP(src=source.ipv4, dst=target.ipv4) / ICMP() / MARK
