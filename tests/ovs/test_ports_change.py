"""Ports that change while connections run through them, on a real switch with real kernels."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from damselfly.model.address import FAMILIES, IPV4, IPV6, Prefix, parse_mac
from damselfly.model.group import TCP, Rule, SecurityGroup
from damselfly.model.port import AddressPair, Port
from damselfly.northbound.codec import Stored
from lab.daemon import wait_until
from lab.echo import Echo
from lab.frames import Frames
from lab.traffic import Probe, reaches
from tests.ovs.site import EGRESS, INGRESS, Site, mac, port, vm

pytestmark = pytest.mark.ovs

OUT = tuple(Rule(f"o{family.version}", "out", EGRESS, family) for family in FAMILIES)
OPEN = SecurityGroup("out", "out", OUT)
NEAR = Rule("near", "served", INGRESS, IPV4, TCP, 80, 80, remote_group_id="out")
NEAR6 = replace(NEAR, id="near6", family=IPV6)
SERVED = SecurityGroup("served", "served", (NEAR, NEAR6))
BROADCAST = "ff:ff:ff:ff:ff:ff"
PAIR = (AddressPair(Prefix.parse("10.0.0.100")),)


class Line:
    """A TCP connection of VM 1 to an echo in VM 2."""

    def __init__(self, site: Site, number: int, source: str = "10.0.0.1") -> None:
        """Open it from an address to a port."""
        family, address = socket.AF_INET, site.two.ipv4
        if ":" in source:
            family, address = socket.AF_INET6, site.two.ipv6
        self.socket = site.one.namespace.open_socket(family, socket.SOCK_STREAM)
        self.socket.bind((source, 0))
        self.socket.settimeout(3)
        self.socket.connect((address, number))

    def carries(self, wait: float = 5.0) -> bool:
        """Say something; tell whether the answer comes."""
        self.socket.settimeout(wait)
        self.socket.send(b"still there?")
        try:
            return bool(self.socket.recv(100))
        except TimeoutError:
            return False


def client(**more: Any) -> Port:
    return replace(port(1), **{"security_groups": ("out",)} | more)


def server(**more: Any) -> Port:
    return replace(port(2), **{"security_groups": ("served",)} | more)


UNSECURED: dict[str, Any] = {"port_security_enabled": False, "security_groups": ()}


@pytest.fixture
def lines(site: Site) -> Iterator[ExitStack]:
    """The echoes of VM 2; closes the lines that are given to it."""
    with ExitStack() as stack, Echo(site.two, tcp=[80, 81]):
        yield stack


def change(site: Site, *things: Stored) -> None:
    """Write objects and wait until they are enforced, in the datapath too.

    What the datapath remembers of the flows before it throws away some milliseconds after the
    switch has confirmed (docs/limits.md).
    """
    site.apply(*things)
    time.sleep(0.3)


def opened(stack: ExitStack, site: Site, number: int, source: str = "10.0.0.1") -> Line:
    line = Line(site, number, source)
    stack.callback(line.socket.close)
    return line


def test_an_address_pair_that_goes_takes_its_connections_and_no_others(
    site: Site, lines: ExitStack
) -> None:
    site.one.namespace.ip("addr add 10.0.0.100/24 dev eth0")
    site.apply(OPEN, SERVED, client(allowed_address_pairs=PAIR), server())
    own, further = opened(lines, site, 80), opened(lines, site, 80, "10.0.0.100")
    assert own.carries()
    assert further.carries()
    change(site, client())
    assert own.carries()
    assert not further.carries(1.0)


def test_what_a_member_lost_with_its_pair_is_cut_at_the_other_end_as_well(
    site: Site, lines: ExitStack
) -> None:
    """VM 1 needs no leave to send, since its port security goes off; VM 2 judges alone."""
    site.one.namespace.ip("addr add 10.0.0.100/24 dev eth0")
    site.apply(OPEN, SERVED, client(allowed_address_pairs=PAIR), server())
    own, further = opened(lines, site, 80), opened(lines, site, 80, "10.0.0.100")
    assert further.carries()
    helper = replace(port(3), security_groups=("out",), fixed_ips=port(1).fixed_ips[:1])
    change(site, client(**UNSECURED), helper)
    assert own.carries(), "its address is that of another member"
    assert not further.carries(1.0)


def test_port_security_that_is_switched_on_at_a_server_ends_what_its_rules_forbid(
    site: Site, lines: ExitStack
) -> None:
    """What runs is judged as new from its next packet: nobody tracked who had opened it."""
    site.apply(OPEN, SERVED, client(), server(**UNSECURED))
    allowed, forbidden = opened(lines, site, 80), opened(lines, site, 81)
    assert allowed.carries()
    assert forbidden.carries()
    change(site, server())
    assert allowed.carries()
    assert not forbidden.carries(1.0)


def test_port_security_that_is_switched_on_at_a_client_goes_on_with_what_it_may_send(
    site: Site, lines: ExitStack
) -> None:
    near = Rule("e80", "some", EGRESS, IPV4, TCP, 80, 80)
    everybody = replace(NEAR, remote_group_id=None, port_range_max=81)
    change(
        site,
        SecurityGroup("some", "some", (near,)),
        replace(SERVED, rules=(everybody,)),
        client(**UNSECURED),
        server(),
    )
    allowed, forbidden = opened(lines, site, 80), opened(lines, site, 81)
    assert allowed.carries()
    assert forbidden.carries()
    change(site, replace(port(1), security_groups=("some",)))
    assert allowed.carries()
    assert not forbidden.carries(1.0)


def test_port_security_that_is_switched_off_interrupts_nothing(
    site: Site, lines: ExitStack
) -> None:
    site.apply(OPEN, SERVED, client(), server())
    line = opened(lines, site, 80)
    assert line.carries()
    change(site, server(**UNSECURED))
    assert line.carries()
    assert opened(lines, site, 81).carries()


def test_groups_that_change_live_cut_and_revive(site: Site, lines: ExitStack) -> None:
    site.apply(OPEN, SERVED, client(), server())
    line = opened(lines, site, 80)
    assert line.carries()
    change(site, server(security_groups=()))
    assert not line.carries(1.0)
    change(site, server())
    assert line.carries()


def test_a_connection_lives_on_when_its_port_comes_back_under_another_number(
    site: Site, lines: ExitStack
) -> None:
    """Its key, and with it its zone in the tracker, stays with the port."""
    site.apply(OPEN, SERVED, client(), server())
    line = opened(lines, site, 80)
    assert line.carries()
    before = site.two.ofport
    site.two.unplug()
    wait_until(lambda: "vm2" not in site.active(), 20, "the agent")
    site.two.plug(ofport=77)
    wait_until(lambda: "vm2" in site.active(), 20, "the agent")
    assert site.two.ofport == 77 != before
    assert line.carries()
    assert not reaches(Probe(site.one, site.two.ipv4, "tcp", 81))


def test_a_port_that_gets_another_mac_speaks_from_that_one_only(site: Site) -> None:
    other = "02:00:00:00:00:42"
    site.apply(OPEN, SERVED, client(), server(security_groups=("out",)))
    said = IP(src="10.0.0.2", dst="10.0.0.3") / UDP(sport=5, dport=6)
    old, new = (bytes(Ether(src=each, dst=BROADCAST) / said) for each in (mac(2), other))
    third = vm(site.hypervisor, 3)
    site.apply(replace(port(3), **UNSECURED))
    with Frames(site.two) as two, Frames(third) as three:
        two.send(new, old)
        assert {old, new} & set(three.receive(0.5)) == {old}
        change(site, server(security_groups=("out",), mac=parse_mac(other)))
        two.send(old, new)
        assert {old, new} & set(three.receive(0.5)) == {new}
        towards = bytes(Ether(src=mac(3), dst=other) / IP(src="10.0.0.3", dst="10.0.0.2") / said[1])
        three.send(towards)
        assert two.expect(towards.__eq__, 0.5) is None, "no rule admits it"
        change(site, server(mac=parse_mac(other), **UNSECURED))
        three.send(towards)
        assert two.expect(towards.__eq__) is not None


def test_every_address_of_a_port_is_a_member_and_no_other(site: Site, lines: ExitStack) -> None:
    """Two of each family, and none beyond."""
    more = [Prefix.parse(each) for each in ("10.0.0.21", "fd00::21")]
    site.apply(OPEN, SERVED, client(fixed_ips=(*port(1).fixed_ips, *more)), server())
    site.one.namespace.ip(
        "addr add 10.0.0.21/24 dev eth0",
        "addr add 10.0.0.22/24 dev eth0",
        "addr add fd00::21/64 dev eth0 nodad",
        "addr add fd00::22/64 dev eth0 nodad",
    )
    for source in ("10.0.0.1", "10.0.0.21", "fd00::1", "fd00::21"):
        assert opened(lines, site, 80, source).carries()
    for source in ("10.0.0.22", "fd00::22"):
        with pytest.raises(TimeoutError):
            opened(lines, site, 80, source)
