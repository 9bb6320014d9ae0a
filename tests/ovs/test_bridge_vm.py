"""A VM without port security that bridges a machine of its own to the network, on a real switch."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lab.echo import Echo
from lab.frames import Frames
from lab.namespace import Namespace
from lab.vm import VM
from tests.ovs.site import Site, mac, port, vm

pytestmark = pytest.mark.ovs

BEHIND = "02:00:00:00:00:09"


class Inside:
    """A machine on the inner side of a VM's bridge, no port of any policy."""

    def __init__(self, bridge: VM) -> None:
        name = f"{bridge.namespace.name}-inside"
        self.namespace = Namespace(name)
        bridge.namespace.ip(
            f"link add inner type veth peer name eth0 address {BEHIND} netns {name}",
            "link add br0 type bridge forward_delay 0 mcast_snooping 0",
            "link set inner master br0",
            "link set eth0 master br0",
            "link set inner up",
            "link set br0 up",
        )
        self.namespace.run(["ethtool", "-K", "eth0", "tx", "off"])
        self.namespace.ip("addr add 10.0.0.9/24 dev eth0", "link set eth0 up")

    def reaches(self, address: str, port_number: int) -> bool:
        """Tell whether a TCP connection comes about."""
        with self.namespace.open_socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            return client.connect_ex((address, port_number)) == 0


@pytest.fixture
def bridge(site: Site) -> VM:
    """VM 3, without port security."""
    made = vm(site.hypervisor, 3)
    site.apply(replace(port(3), port_security_enabled=False, security_groups=()))
    return made


@pytest.fixture
def inside(bridge: VM) -> Iterator[Inside]:
    """A machine behind VM 3."""
    made = Inside(bridge)
    with ExitStack() as stack:
        stack.callback(made.namespace.delete)
        yield made


def test_a_machine_behind_a_bridge_talks_with_ports_as_their_rules_say(
    site: Site, inside: Inside
) -> None:
    with Echo(site.two, tcp=[80, 8080]):
        assert inside.reaches(site.two.ipv4, 80)
        assert not inside.reaches(site.two.ipv4, 8080)
    asked = ["ping", "-c1", "-W2", "10.0.0.9"]
    assert site.two.run(asked, check=False).returncode == 0
    back = inside.namespace.run(["ping", "-c1", "-W1", site.two.ipv4], check=False)
    assert back.returncode != 0, "no member of the group that may ask"


def test_a_frame_to_an_unknown_mac_reaches_no_port_with_port_security(
    site: Site, bridge: VM
) -> None:
    """Nor does its sender get it back; what has an owner goes to its owner alone."""
    said = IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=5, dport=5000)
    unknown = bytes(Ether(src=mac(1), dst=BEHIND) / said / b"unknown")
    known = bytes(Ether(src=mac(1), dst=mac(2)) / said / b"known")
    own = bytes(Ether(src=mac(3), dst="02:00:00:00:00:77") / said / b"own")
    with Frames(site.one) as one, Frames(site.two) as two, Frames(bridge) as three:
        one.send(unknown)
        assert three.expect(unknown.__eq__) is not None
        three.send(own)
        one.send(known)
        assert two.expect(known.__eq__) is not None
        assert not {unknown, own} & set(two.receive())
        assert not {unknown, own} & set(one.receive())
        assert not {known, own} & set(three.receive())
