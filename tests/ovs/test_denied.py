"""A denied packet leaves nothing behind that would let the next one pass, on a real switch."""

from __future__ import annotations

import asyncio
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from damselfly.southbound.conntrack import tracked
from lab.frames import Frames
from tests.ovs.site import Site, mac

pytestmark = pytest.mark.ovs


def test_a_denied_opening_leaves_nothing_that_lets_its_repetition_pass(site: Site) -> None:
    opening = IP(src="10.0.0.1", dst="10.0.0.2")
    frames = [
        bytes(Ether(src=mac(1), dst=mac(2)) / opening / transport)
        for transport in (TCP(sport=5, dport=81, flags="S"), UDP(sport=5, dport=81))
    ]
    with Frames(site.one) as one, Frames(site.two) as two:
        for _ in range(5):
            one.send(*frames)
            time.sleep(0.1)
        assert not set(frames) & set(two.receive())
    zones = [each.zone for each in asyncio.run(tracked(site.hypervisor.rundir, "netdev"))]
    status = site.agent.status()
    assert status is not None
    sender, receiver = (
        [each.key for each in status.ports if each.port_id == name] for name in ("vm1", "vm2")
    )
    assert zones == sender * 2, "its own rules admitted both"
    assert receiver
    assert receiver[0] not in zones
