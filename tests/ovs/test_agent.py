"""The agent, as a process of its own, on a real switch, with the traffic of real kernels."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.frames import Frames
from lab.traffic import Probe, reach, reaches
from lab.vm import VM
from tests.ovs.site import Site, mac, port

pytestmark = pytest.mark.ovs


def test_the_wire_obeys_the_rules_in_both_families(site: Site) -> None:
    one, two = site.one, site.two
    expected = {
        Probe(one, two.ipv4, "icmp"): True,
        Probe(one, two.ipv6, "icmp"): True,
        Probe(one, two.ipv4, "tcp", 80): True,
        Probe(one, two.ipv6, "tcp", 80): True,
        Probe(one, two.ipv4, "tcp", 22): True,
        Probe(one, two.ipv6, "tcp", 22): False,
        Probe(one, two.ipv4, "tcp", 81): False,
        Probe(one, two.ipv4, "udp", 5000): True,
        Probe(one, two.ipv4, "udp", 5001): False,
    }
    assert reach(expected) == expected


def test_the_verdict_table_is_empty_before_the_first_packet(site: Site) -> None:
    site.one.unplug()
    site.two.unplug()
    fresh = [VM(site.hypervisor, f"vm{n}", mac(n), [], plug=False) for n in (3, 4)]
    for each in fresh:
        each.namespace.ip("link set eth0 down")
        each.plug()
    site.apply(port(3), port(4))
    assert site.agent.verdicts() == 0


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_big_datagrams_pass_once_their_verdict_is_known(site: Site, family: str) -> None:
    """A datagram in fragments that meets no verdict is lost once at each end (decision 010)."""
    address = getattr(site.two, family)
    assert site.one.run(["ping", "-c1", address], check=False).returncode == 0
    big = site.one.run(["ping", "-c20", "-i0.01", "-s4000", address], check=False)
    assert "20 received" in big.stdout


def test_a_big_datagram_that_no_rule_admits_leaks_no_fragment(site: Site) -> None:
    site.delete_rule("ping")
    with Frames(site.two) as wire:
        site.one.run(["ping", "-c3", "-i0.2", "-W1", "-s4000", site.two.ipv4], check=False)
        arrived = [frame for frame in wire.receive() if frame[12:14] == b"\x08\x00"]
    assert arrived == []


def test_what_leaves_the_last_group_is_closed(site: Site) -> None:
    site.apply(replace(port(2), security_groups=()))
    assert not reaches(Probe(site.one, site.two.ipv4, "tcp", 80))
    assert not reaches(Probe(site.two, site.one.ipv4, "tcp", 80))


def test_without_port_security_a_port_is_not_filtered_but_its_peers_are(site: Site) -> None:
    site.apply(replace(port(2), security_groups=(), port_security_enabled=False))
    assert reaches(Probe(site.one, site.two.ipv4, "tcp", 81))
    assert not reaches(Probe(site.two, site.one.ipv4, "tcp", 81))
    assert reaches(Probe(site.two, site.one.ipv4, "tcp", 80))
