"""What the switch remembers of its answers: as much as the policy tells apart, not the packets."""

from __future__ import annotations

import re
import time

import pytest

from bench.ours.field import raw_socket
from bench.ours.frames import TCP, UDP, Ends, frame
from tests.ovs.site import Site

pytestmark = pytest.mark.ovs

ONE, TWO = 0x0A00_0001, 0x0A00_0002
ENDS = Ends(0x0200_0000_0001, 0x0200_0000_0002, TWO)


def send(site: Site, frames: list[bytes]) -> None:
    """Send frames from the first machine, no faster than the switch takes them."""
    with raw_socket(site.one) as output:
        for number, data in enumerate(frames):
            output.send(data)
            if number % 20 == 0:
                time.sleep(0.005)
    time.sleep(0.3)


def asked(site: Site) -> int:
    """How many packets the datapath could not answer by what it remembered."""
    told = site.hypervisor.appctl("dpif-netdev/pmd-stats-show")
    return sum(map(int, re.findall(r"miss with \w+ upcall: (\d+)", told)))


def test_udp_connections_to_one_service_share_what_is_remembered(site: Site) -> None:
    """No flow looks at the ports of the original tuple of every packet."""
    send(site, [frame(ENDS, UDP, ONE, source, 5000) for source in range(20_000, 20_100)])
    before = asked(site)
    send(site, [frame(ENDS, UDP, ONE, source, 5000) for source in range(30_000, 31_000)])
    assert asked(site) - before < 100


def test_a_scan_is_remembered_by_the_regions_of_its_verdicts(site: Site) -> None:
    """The widest verdicts are tried first, so no port is looked at closer than they need."""
    for source in (20_000, 20_001):
        send(site, [frame(ENDS, TCP, ONE, source, port) for port in range(1, 65_536, 16)])
    before = asked(site)
    send(site, [frame(ENDS, TCP, ONE, 20_002, port) for port in range(9, 65_536, 16)])
    assert asked(site) - before < 100
