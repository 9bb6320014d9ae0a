"""What a hostile VM cannot get through where all groups are stateless and let everything in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scapy.layers.inet import IP, TCP

from bench.agent import Agent
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from tests.ovs.forged import A1, A2, TO2
from tests.ovs.site import OPEN, Site, port
from tests.ovs.test_hostile_frames import FORGED, HONEST

pytestmark = pytest.mark.ovs
TRACKERS_OWN = (
    "ICMP ", "ICMPv6 ", "TCP with flags", "UDP from port 0", "a wrong checksum"
)  # fmt: skip
"""What only a tracker refuses: no connection, an error that quotes none, no sound header."""
BANNED = [name for name in FORGED if not name.startswith(TRACKERS_OWN)]


@pytest.fixture(scope="module")
def arrived() -> set[bytes]:
    """What reached VM 2 of all that VM 1 forged, once verdicts for the honest were there."""
    last = bytes(TO2 / IP(src=A1, dst=A2) / TCP(sport=5, dport=6, flags="S") / b"last")
    with Hypervisor() as hypervisor, Agent(hypervisor) as agent:
        site = Site(hypervisor, agent)
        ports = (replace(port(n), security_groups=("open",)) for n in (1, 2))
        site.apply(replace(OPEN, stateful=False), *ports)
        with Frames(site.one) as sender, Frames(site.two) as wire:
            for frame in HONEST.values():
                sender.send(frame)
                assert wire.expect(bytes(frame).__eq__, 10) is not None
            # Twice: the first round brings the verdicts on fragments.
            seen: set[bytes] = set()
            for name in (*BANNED, *BANNED):
                sender.send(*FORGED[name])
                seen.update(wire.receive(0.02))
            sender.send(last)
            assert wire.expect(last.__eq__, 10) is not None
    return seen


@pytest.mark.parametrize("name", BANNED)
def test_does_not_arrive(name: str, arrived: set[bytes]) -> None:
    """Of a banned datagram in pieces the first never does; the rest alone is nothing."""
    assert not arrived.issuperset(FORGED[name])
    if "in fragments" not in name:
        assert arrived.isdisjoint(FORGED[name])
