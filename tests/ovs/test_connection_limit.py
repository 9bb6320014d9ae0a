"""One port's connections do not use up the tracker for the others."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.agent import Agent
from bench.ours.field import raw_socket
from bench.ours.frames import UDP, Ends, frame
from damselfly.southbound.conntrack import tracked
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from tests.ovs.site import Site, port, vm

pytestmark = pytest.mark.ovs

LIMIT = 300
ENDS = Ends(0x0200_0000_0001, 0x0200_0000_0002, 0x0A00_0002)


@pytest.fixture
def bounded(hypervisor: Hypervisor) -> Iterator[Site]:
    """Two VMs whose connections are bounded, and a tracker that is full with 2,000."""
    with Agent(hypervisor, connection_limit=LIMIT, status_interval=0.2) as agent:
        site = Site(hypervisor, agent)
        hypervisor.appctl("dpctl/ct-set-maxconns", "2000")
        wait_until(lambda: limited(site, 1, 2), 10, "the limits")
        yield site


def limited(site: Site, *numbers: int) -> bool:
    """Tell whether the zones of these ports are limited."""
    said = site.hypervisor.appctl("dpctl/ct-get-limits")
    return all(f"zone={key(site, number)},limit={LIMIT}," in said for number in numbers)


def key(site: Site, number: int) -> int | None:
    status = site.agent.status()
    assert status is not None
    return next((each.key for each in status.ports if each.port_id == f"vm{number}"), None)


def held(site: Site) -> Counter[int | None]:
    """Count the connections of each zone."""
    entries = asyncio.run(tracked(site.hypervisor.rundir, "netdev"))
    return Counter(entry.zone for entry in entries)


def open_many(site: Site, count: int) -> None:
    """Open connections from the first VM to the second one, each from a port of its own."""
    with raw_socket(site.one) as output:
        for number in range(count):
            output.send(frame(ENDS, UDP, 0x0A00_0001, 10_000 + number, 5000))
            if number % 20 == 0:
                time.sleep(0.005)
    time.sleep(0.3)


def test_a_port_that_opens_many_connections_leaves_room_for_the_others(bounded: Site) -> None:
    three, four = vm(bounded.hypervisor, 3), vm(bounded.hypervisor, 4)
    bounded.apply(port(3), port(4))
    wait_until(lambda: limited(bounded, 3, 4), 10, "the limits of the new ports")
    open_many(bounded, 3_000)
    assert held(bounded)[key(bounded, 1)] == LIMIT
    assert reaches(Probe(three, four.ipv4, "tcp", 80))


def test_a_port_that_may_not_open_any_more_may_again_when_others_are_over(
    bounded: Site,
) -> None:
    open_many(bounded, LIMIT)
    assert not reaches(Probe(bounded.one, bounded.two.ipv4, "tcp", 80))
    bounded.hypervisor.appctl("dpctl/flush-conntrack")
    assert reaches(Probe(bounded.one, bounded.two.ipv4, "tcp", 80))


def test_the_limits_are_back_after_a_restart_of_the_switch(bounded: Site) -> None:
    bounded.hypervisor.restart_vswitchd()
    assert not limited(bounded, 1)
    wait_until(lambda: limited(bounded, 1, 2), 20, "the limits")
