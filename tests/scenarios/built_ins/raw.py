"""Frames as a hostile VM forges them: every field can be said, none is filled in kindly."""

from __future__ import annotations

import struct

from damselfly.model.address import IPV4, IPV6, link_local
from damselfly.model.group import ICMPV6, UDP
from damselfly.model.packet import Packet
from tests.scenarios.frames import Frame, checksum
from tests.scenarios.vms import BROADCAST, ip, mac

ALL_NODES, ALL_ROUTERS = (0xFF02 << 112) | 1, (0xFF02 << 112) | 2
DHCP_SERVERS = (0xFF02 << 112) | 0x10002
RS, RA, NS, NA = 133, 134, 135, 136
SLL, TLL = 1, 2


def ethernet(source: int, destination: int, ethertype: int, body: bytes) -> bytes:
    return destination.to_bytes(6) + source.to_bytes(6) + ethertype.to_bytes(2) + body


def tagged(frame: bytes, vlan: int = 7) -> bytes:
    """Put a VLAN header into a frame."""
    return frame[:12] + b"\x81\x00" + vlan.to_bytes(2) + frame[12:]


def arp(
    a: int,
    *,
    operation: int = 1,
    spa: int | None = None,
    sha: int | None = None,
    source: int | None = None,
    tpa: int = 0x0A00_0002,
    destination: int = BROADCAST,
) -> bytes:
    """An ARP frame from VM ``a``, honest but for what is said otherwise."""
    body = struct.pack(
        "!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation,
        (mac(a) if sha is None else sha).to_bytes(6), (ip(a) if spa is None else spa).to_bytes(4),
        bytes(6), tpa.to_bytes(4),
    )  # fmt: skip
    return ethernet(mac(a) if source is None else source, destination, 0x0806, body)


def discovery(
    a: int,
    kind: int,
    *,
    target: int | None = None,
    option: tuple[int, int] | None = None,
    source: int | None = None,
    towards: tuple[int, int] = (0x3333_0000_0001, ALL_NODES),
    code: int = 0,
    from_mac: int | None = None,
) -> bytes:
    """A neighbour discovery message from VM ``a``; ``option`` is a type and a MAC."""
    body = struct.pack("!BBHI", kind, code, 0, 0)
    if target is not None:
        body += target.to_bytes(16)
    if option is not None:
        body += struct.pack("!BB6s", option[0], 1, option[1].to_bytes(6))
    destination_mac, destination = towards
    source_ip = ip(a, IPV6) if source is None else source
    pseudo = (
        source_ip.to_bytes(16) + destination.to_bytes(16) + struct.pack("!II", len(body), ICMPV6)
    )
    body = body[:2] + checksum(pseudo + body).to_bytes(2) + body[4:]
    head = struct.pack("!IHBB", 0x6000_0000, len(body), ICMPV6, 255)
    packet = head + source_ip.to_bytes(16) + destination.to_bytes(16) + body
    return ethernet(mac(a) if from_mac is None else from_mac, destination_mac, 0x86DD, packet)


def mld_report(a: int, source: int) -> bytes:
    """A multicast listener report (version 2) to all capable routers."""
    towards = 0x3333_0000_0016, (0xFF02 << 112) | 0x16
    return discovery(a, 143, source=source, towards=towards)


def dhcp(a: int, src: int, dst: int, *, source: int = 0, to: int | None = None) -> Frame:
    """A DHCPv4 message: a broadcast, or unicast to a VM."""
    destination = 0xFFFF_FFFF if to is None else ip(to)
    packet = Packet(IPV4, UDP, source, destination, src, dst)
    return Frame(mac(a), BROADCAST if to is None else mac(to), packet, payload=b"dhcp")


def dhcpv6(
    a: int, src: int, dst: int, *, source: int | None = None, to: int | None = None
) -> Frame:
    """A DHCPv6 message: to all servers, or unicast to a VM."""
    sender = link_local(mac(a)) if source is None else source
    if to is None:
        return Frame(mac(a), 0x3333_0001_0002, Packet(IPV6, UDP, sender, DHCP_SERVERS, src, dst))
    return Frame(mac(a), mac(to), Packet(IPV6, UDP, sender, link_local(mac(to)), src, dst))
