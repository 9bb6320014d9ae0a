"""Fragments as small as IPv4 routers may make them, on a real switch under an agent."""

from __future__ import annotations

import pytest

from tests.ovs.site import Site

pytestmark = pytest.mark.ovs


def test_datagrams_pass_in_fragments_of_the_smallest_mtu_that_every_host_accepts(
    site: Site,
) -> None:
    """576 bytes (RFC 791, section 3.2); by itself the tracker takes none below 1,200."""
    for machine in (site.one, site.two):
        machine.namespace.ip("link set eth0 mtu 576")
    site.one.run(["ping", "-c2", "-i0.1", site.two.ipv4], check=False)
    done = site.one.run(["ping", "-c5", "-i0.1", "-s2000", "-W2", site.two.ipv4], check=False)
    assert "5 received" in done.stdout
