"""What ``explain`` says of the built-ins is what the tables do."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest

from damselfly.model.address import IPV4, IPV6, Family, link_local
from damselfly.model.direction import Direction
from damselfly.model.group import ICMPV6, UDP
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline.security.built_in import Parties, built_in, how_judged
from damselfly.policy.explain import explain
from tests.scenarios.built_ins.raw import DHCP_SERVERS, NA, NS, RA, RS, discovery
from tests.scenarios.built_ins.test_discovery import SUBNETS
from tests.scenarios.frames import Frame
from tests.scenarios.rig import Rig
from tests.scenarios.vms import BROADCAST, group, host, ingress, ip, mac, vm

OPEN = group("open", *(ingress("open", family=family) for family in (IPV4, IPV6)))
TO_ALL = {IPV4: (BROADCAST, 0xFFFF_FFFF), IPV6: (0x3333_0001_0002, DHCP_SERVERS)}


class Case(NamedTuple):
    """Who sends what to whom; nobody: to all DHCP servers."""

    sender: int
    receiver: int | None
    packet: Packet


def udp(
    a: int, b: int | None, src: int, dst: int, family: Family = IPV4, *, source: int = -1
) -> Case:
    far = TO_ALL[family][1] if b is None else ip(b, family)
    return Case(a, b, Packet(family, UDP, ip(a, family) if source < 0 else source, far, src, dst))


def icmp(a: int, b: int, kind: int, code: int = 0, family: Family = IPV4) -> Case:
    return Case(a, b, Packet(family, family.icmp, ip(a, family), ip(b, family), kind, code))


CASES = {
    "a DHCP client asks all": udp(1, None, 68, 67),
    "a DHCP client without an address asks all": udp(1, None, 68, 67, source=0),
    "a DHCPv6 client asks all": udp(1, None, 546, 547, IPV6, source=link_local(mac(1))),
    "a DHCP client asks its server": udp(1, 3, 68, 67),
    "a DHCP client asks somebody else": udp(1, 2, 68, 67),
    "something else to the server": udp(1, 3, 69, 67),
    "something else to all": udp(1, None, 69, 67),
    "the DHCP server replies": udp(3, 1, 67, 68),
    "the DHCPv6 server replies": udp(3, 1, 547, 546, IPV6),
    "a VM replies as DHCP server": udp(2, 1, 67, 68),
    "an unsecured port replies as DHCP server": udp(4, 1, 67, 68),
    "from another's address": udp(1, 2, 5, 6, source=ip(9)),
    "from no address": udp(1, 2, 5, 6, source=0),
    "plain": udp(1, 2, 5, 6),
    "unreachable": icmp(1, 2, 3, 3),
    "too big": icmp(1, 2, 2, 0, IPV6),
    "echo": icmp(1, 2, 8),
    "echo reply, unasked": icmp(1, 2, 0),
    "address mask": icmp(1, 2, 17),
    "router solicitation": icmp(1, 2, RS, 0, IPV6),
    "neighbour solicitation": icmp(1, 2, NS, 0, IPV6),
    "neighbour advertisement": icmp(1, 2, NA, 0, IPV6),
    "a router advertises": icmp(3, 1, RA, 0, IPV6),
    "a VM advertises as router": icmp(2, 1, RA, 0, IPV6),
    "an unsecured port advertises as router": icmp(4, 1, RA, 0, IPV6),
}


def site(*groups: str, stateful: bool = True) -> Rig:
    """VM 3 is the network's router and DHCP server; 3 and 4 have no port security."""
    unsecured = (vm(number, port_security_enabled=False) for number in (3, 4))
    rig = host(*SUBNETS, OPEN, vm(1, *groups), vm(2, *groups), *unsecured)
    rig.apply(*(replace(group, stateful=stateful) for group in rig.snapshot.groups.values()))
    return rig


def frame(case: Case) -> bytes:
    packet = case.packet
    towards = TO_ALL[packet.family][0] if case.receiver is None else mac(case.receiver)
    if packet.protocol == ICMPV6 and packet.tp_src in (RS, NS, NA, RA):
        target = {NS: packet.destination, NA: packet.source}.get(packet.tp_src)
        there = (towards, packet.destination)
        return discovery(case.sender, packet.tp_src, target=target, towards=there)
    return Frame(mac(case.sender), towards, packet).bytes()


def told(view: Snapshot, case: Case) -> bool:
    """Tell what is said of the packet: that every end known lets it pass."""
    source = view.ports[f"vm{case.sender}"]
    receiver = None if case.receiver is None else view.ports[f"vm{case.receiver}"]
    answers = []
    for port, direction in ((source, Direction.EGRESS), (receiver, Direction.INGRESS)):
        if port is None:
            continue
        said = built_in(view, direction, Parties(source, receiver), case.packet)
        if said is None or not port.port_security_enabled:
            answers.append(explain(view, port, direction, case.packet).decision.allowed)
        else:
            answers.append(said.allowed)
    return all(answers)


@pytest.mark.parametrize("groups", [(), ("out",), ("open",), ("out", "open")])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stateful", [True, False])
def test_what_is_said_is_what_happens(name: str, groups: tuple[str, ...], stateful: bool) -> None:
    case = CASES[name]
    rig = site(*groups, stateful=stateful)
    received = rig.send(f"vm{case.sender}", frame(case))
    # To all servers: the unsecured ports hear whatever gets out.
    hears = f"vm{4 if case.receiver is None else case.receiver}"
    assert told(rig.snapshot, case) is (hears in received)


@pytest.mark.parametrize("name", ["echo reply, unasked", "address mask"])
def test_what_the_tracker_cannot_follow_is_said(name: str) -> None:
    assert "judged for itself" in str(how_judged(CASES[name].packet))


@pytest.mark.parametrize("name", ["echo", "plain", "unreachable"])
def test_nothing_special_is_said_of_the_rest(name: str) -> None:
    assert how_judged(CASES[name].packet) is None


def test_unknown_parties_have_no_built_ins_of_their_own() -> None:
    outside = Packet(IPV4, UDP, 0xC0000201, ip(1), 67, 68)
    assert built_in(site().snapshot, Direction.INGRESS, Parties(None, None), outside) is None
    assert built_in(site().snapshot, Direction.EGRESS, Parties(None, None), outside) is None
