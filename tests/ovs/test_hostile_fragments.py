"""Fragments that nobody completes: the tracker lets them go with other people's packets."""

from __future__ import annotations

import re
import time

import pytest
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from lab.daemon import wait_until
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from tests.ovs.site import Site, mac, port, vm

pytestmark = pytest.mark.ovs

MARK = b"stowaway"
LISTS = 120
"""Incomplete datagrams; the tracker lets one go with each packet that it is given."""
ROUNDS = 100
"""Of ten connections each; far fewer let all go."""


def test_fragments_that_have_waited_too_long_do_not_ride_on_another_vms_connections(
    site: Site,
) -> None:
    """VM 1 sends half datagrams to a denied port; VM 3 then opens connections to VM 2."""
    third = vm(site.hypervisor, 3)
    site.apply(port(3))
    with Frames(site.one) as hostile, Frames(third) as peer, Frames(site.two) as wire:
        for number in range(LISTS):
            hostile.send(*_half(number))
        wait_until(lambda: _waiting(site.hypervisor) > 0, 10, "the tracker")
        time.sleep(15)
        for number in range(ROUNDS):
            peer.send(*(_opening(10 * number + each) for each in range(10)))
            if _waiting(site.hypervisor) == 0:
                break
        arrived = wire.receive()
    assert _opening(0) in arrived
    assert [frame for frame in arrived if MARK in frame] == []


def _half(number: int) -> list[bytes]:
    """Return one fragment of a datagram: the first, or a later one."""
    whole = IP(src="10.0.0.1", dst="10.0.0.2", id=number) / UDP(sport=6, dport=9999)
    pieces = fragment(whole / Raw(MARK * 400), fragsize=1400)
    return [bytes(_ethernet(1) / IP(bytes(pieces[number % 2])))]


def _opening(number: int) -> bytes:
    packet = IP(src="10.0.0.3", dst="10.0.0.2") / TCP(sport=1000 + number, dport=80, flags="S")
    return bytes(_ethernet(3) / packet)


def _ethernet(sender: int) -> Packet:
    return Ether(src=mac(sender), dst=mac(2))


def _waiting(hypervisor: Hypervisor) -> int:
    """Return how many fragments the tracker holds (ovs-vswitchd(8), dpctl/ipf-get-status)."""
    found = re.search(r"num frag: (\d+)", hypervisor.appctl("dpctl/ipf-get-status"))
    assert found is not None
    return int(found[1])
