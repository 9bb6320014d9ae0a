"""Path MTU discovery: errors about live connections reach the VMs' kernels, which heed them.

VM 3 is a router without port security; the way beyond it is narrower than the network.
"""

from __future__ import annotations

import errno
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.daemon import wait_until
from lab.namespace import Namespace
from lab.vm import VM
from tests.ovs.site import Site, port, vm

pytestmark = pytest.mark.ovs

NARROW = 1300
BEYOND = {"ipv4": "192.0.2.9", "ipv6": "2001:db8::9"}
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
IPV6_MTU_DISCOVER, IPV6_MTU = 23, 24
"""Socket options of Linux (ip(7), ipv6(7))."""
OPTIONS = {
    "ipv4": (socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_MTU),
    "ipv6": (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_MTU),
}
LENGTH = 200_000


@pytest.fixture
def beyond(site: Site) -> Iterator[Namespace]:
    """A machine behind the router."""
    router = vm(site.hypervisor, 3)
    site.apply(replace(port(3), port_security_enabled=False, security_groups=()))
    with Namespace(f"{site.hypervisor.name}-beyond") as machine:
        forwarding = [f"net.{name}.conf.all.forwarding=1" for name in ("ipv4", "ipv6")]
        router.run(["sysctl", "-q", "-w", *forwarding])
        # Only the router's end is narrow: the machine offers to take more.
        router.namespace.ip(
            f"link add inner mtu {NARROW} type veth peer name eth0 mtu 1500 netns {machine.name}",
            "addr add 192.0.2.1/24 dev inner",
            "addr add 2001:db8::1/64 dev inner nodad",
            "link set inner up",
        )
        machine.run(["ethtool", "-K", "eth0", "tx", "off"])
        machine.ip(
            "addr add 192.0.2.9/24 dev eth0",
            "addr add 2001:db8::9/64 dev eth0 nodad",
            "link set eth0 up",
            "route add default via 192.0.2.1",
            "route add default via 2001:db8::1",
        )
        for each in (site.one, site.two):
            each.namespace.ip("route add default via 10.0.0.3", "route add default via fd00::3")
        yield machine


def learnt(machine: VM, family: str) -> int | None:
    """Return the path MTU that the kernel remembers, None if none."""
    said = machine.run(["ip", "route", "get", BEYOND[family]]).stdout
    found = re.search(r"mtu (\d+)", said)
    return None if found is None else int(found[1])


def received(connection: socket.socket) -> int:
    """Count what comes until the end of the stream."""
    connection.settimeout(20)
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    return total


def push(sender: socket.socket) -> None:
    """Send much, and end the stream."""
    sender.sendall(bytes(LENGTH))
    sender.close()


def transfer(sender: socket.socket, receiver: socket.socket) -> int:
    """Send much through a connection; return how much arrived."""
    thread = threading.Thread(target=push, args=(sender,))
    thread.start()
    arrived = received(receiver)
    thread.join()
    return arrived


def connected(
    client: Namespace, server: Namespace, family: str, address: tuple[str, int]
) -> tuple[socket.socket, socket.socket]:
    """Connect two machines; return both ends, the client's first."""
    with server.open_socket(FAMILIES[family], socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        near = client.open_socket(FAMILIES[family], socket.SOCK_STREAM)
        near.settimeout(20)
        near.connect(address)
        return near, listener.accept()[0]


def is_too_long(sender: socket.socket) -> bool:
    """Send a datagram; tell whether the kernel knows that it does not fit."""
    try:
        sender.send(bytes(1400))
    except OSError as error:
        return error.errno == errno.EMSGSIZE
    return False


@pytest.mark.parametrize("family", FAMILIES)
def test_a_vm_learns_the_path_mtu_of_what_it_opened(
    site: Site, beyond: Namespace, family: str
) -> None:
    near, far = connected(site.one.namespace, beyond, family, (BEYOND[family], 9000))
    with near, far:
        assert transfer(near, far) == LENGTH
    assert learnt(site.one, family) == NARROW


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_learns_the_path_mtu_of_what_others_opened(
    site: Site, beyond: Namespace, family: str
) -> None:
    """The errors travel in the direction of the connection: the tracker gives them no tuple."""
    address = (getattr(site.two, family), 80)
    client, server = connected(beyond, site.two.namespace, family, address)
    with client, server:
        assert transfer(server, client) == LENGTH
    assert learnt(site.two, family) == NARROW


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_learns_it_on_a_connection_that_has_crossed_a_change(
    site: Site, beyond: Namespace, family: str
) -> None:
    address = (getattr(site.two, family), 80)
    client, server = connected(beyond, site.two.namespace, family, address)
    with client, server:
        site.delete_rule("ssh")
        assert transfer(server, client) == LENGTH
    assert learnt(site.two, family) == NARROW


@pytest.mark.parametrize("family", FAMILIES)
def test_a_vm_learns_the_path_mtu_of_datagrams_that_nobody_answers(
    site: Site, beyond: Namespace, family: str
) -> None:
    level, discover, mtu = OPTIONS[family]
    with site.one.namespace.open_socket(FAMILIES[family], socket.SOCK_DGRAM) as sender:
        sender.setsockopt(level, discover, IP_PMTUDISC_DO)
        sender.connect((BEYOND[family], 9))
        wait_until(lambda: is_too_long(sender), 5, "the path MTU")
        assert sender.getsockopt(level, mtu) == NARROW
