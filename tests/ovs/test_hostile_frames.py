"""What a hostile VM cannot get through, whatever the rules, on the real switch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6

from bench.agent import Agent
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from tests.ovs.forged import A1, A2, MAC1, S1, S2, TO2, forgeries
from tests.ovs.site import OPEN, Site, port

pytestmark = pytest.mark.ovs

HONEST = {
    "IPv4": TO2 / IP(src=A1, dst=A2) / UDP(sport=5, dport=6) / b"honest",
    "IPv6": TO2 / IPv6(src=S1, dst=S2) / UDP(sport=5, dport=6) / b"honest",
    "NS": TO2
    / IPv6(src=S1, dst=S2, hlim=255)
    / ICMPv6ND_NS(tgt=S2)
    / ICMPv6NDOptSrcLLAddr(lladdr=MAC1),
    "NA": TO2 / IPv6(src=S1, dst=S2, hlim=255) / ICMPv6ND_NA(tgt=S1),
}
FORGED = forgeries()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """VM 1 and VM 2 let everything in and out."""
    with Hypervisor() as hypervisor, Agent(hypervisor) as agent:
        made = Site(hypervisor, agent)
        made.apply(OPEN, *(replace(port(n), security_groups=("open",)) for n in (1, 2)))
        yield made


@pytest.fixture(scope="module")
def arrived(site: Site) -> set[bytes]:
    """What reached VM 2 of all that VM 1 forged, and of what it sent honestly before and after."""
    last = bytes(TO2 / IP(src=A1, dst=A2) / TCP(sport=5, dport=6, flags="S") / b"last")
    with Frames(site.one) as sender, Frames(site.two) as wire:
        for frame in HONEST.values():
            sender.send(frame)
            assert wire.expect(bytes(frame).__eq__, 10) is not None
        for frames in FORGED.values():
            sender.send(*frames)
        sender.send(last)
        seen = set(wire.receive())
        assert last in seen or wire.expect(last.__eq__, 10) is not None
        return seen


@pytest.mark.parametrize("name", FORGED)
def test_does_not_arrive(name: str, arrived: set[bytes]) -> None:
    assert arrived.isdisjoint(FORGED[name])
