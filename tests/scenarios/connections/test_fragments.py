"""Fragments: big datagrams arrive whole where their first fragment is admitted, else not at all.

Most tests begin with a small packet that brings the verdicts: the datagram that does so itself is
lost (docs/decisions/010).
"""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import permutations

import pytest

from damselfly.model.address import FAMILIES, IPV4, Family
from damselfly.model.group import UDP, Rule
from tests.scenarios.frames import Frame, checksum
from tests.scenarios.rig import Rig
from tests.scenarios.vms import frame, group, host, ingress, vm

CHUNK = 1480
"""Bytes of payload per fragment: a multiple of eight, and no fragment is too small."""


def datagram(a: int, b: int, port: int, family: Family, size: int = 4000) -> Frame:
    return replace(frame(a, b, UDP, 1000, port, family=family), payload=bytes(size))


def fragments(whole: Frame, number: int = 99) -> list[bytes]:
    """Cut an IP packet as a sender does (RFC 791; RFC 8200, section 4.5)."""
    data = whole.bytes()
    ethernet, packet = data[:14], data[14:]
    if whole.packet.family is IPV4:
        return [ethernet + piece for piece in _cut_v4(packet, number)]
    return [ethernet + piece for piece in _cut_v6(packet, number)]


def _cut_v4(packet: bytes, number: int) -> list[bytes]:
    head, body = packet[:20], packet[20:]
    found = []
    for at in range(0, len(body), CHUNK):
        part = body[at : at + CHUNK]
        where = at // 8 | (0x2000 if at + CHUNK < len(body) else 0)
        new = head[:2] + struct.pack("!HHH", 20 + len(part), number, where) + head[8:10] + bytes(2)
        new += head[12:]
        found.append(new[:10] + checksum(new).to_bytes(2) + new[12:] + part)
    return found


def _cut_v6(packet: bytes, number: int) -> list[bytes]:
    head, body = packet[:40], packet[40:]
    found = []
    for at in range(0, len(body), CHUNK):
        part = body[at : at + CHUNK]
        where = at | (1 if at + CHUNK < len(body) else 0)
        new = head[:4] + struct.pack("!HB", 8 + len(part), 44) + head[7:]
        found.append(new + struct.pack("!BBHI", head[6], 0, where, number) + part)
    return found


def taught(family: Family) -> Rig:
    """A host on which VM 2 takes port 53, and on which another client has asked for it already."""
    rig = host(group("web", dns(family)), vm(1, "out"), vm(2, "web"))
    teach(rig, family)
    return rig


def dns(family: Family) -> Rule:
    return ingress("web", UDP, 53, family=family)


def teach(rig: Rig, family: Family, port: int = 53) -> None:
    rig.send("vm1", frame(1, 2, UDP, 2000, port, family=family))


def push(rig: Rig, pieces: list[bytes]) -> list[str]:
    """Send fragments; return who received each piece that came out."""
    return [name for piece in pieces for name in rig.send("vm1", piece)]


@pytest.mark.parametrize("family", FAMILIES)
def test_an_admitted_datagram_arrives_in_whatever_order_it_is_sent(family: Family) -> None:
    rig = taught(family)
    for number, order in enumerate(permutations(range(3))):
        pieces = fragments(datagram(1, 2, 53, family), number)
        assert len(pieces) == 3
        assert push(rig, [pieces[n] for n in order]) == ["vm2"] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_datagram_that_meets_no_verdict_is_lost_once_at_each_end(family: Family) -> None:
    rig = host(group("web", dns(family)), vm(1, "out"), vm(2, "web"))
    seen = [push(rig, fragments(datagram(1, 2, 53, family), number)) for number in range(4)]
    assert seen == [[], [], ["vm2"] * 3, ["vm2"] * 3]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_denied_datagram_never_arrives(family: Family) -> None:
    rig = taught(family)
    for number, order in enumerate(permutations(range(3))):
        pieces = fragments(datagram(1, 2, 54, family), number)
        assert push(rig, [pieces[n] for n in order]) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_lone_later_fragments_never_arrive(family: Family) -> None:
    rig = taught(family)
    for number in range(20):
        assert push(rig, fragments(datagram(1, 2, 53, family), number)[1:]) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_later_fragments_do_not_ride_on_another_datagram(family: Family) -> None:
    """The first fragment is admitted, the others belong to a datagram of a denied port."""
    rig = taught(family)
    good, bad = (fragments(datagram(1, 2, port, family), port) for port in (53, 54))
    assert push(rig, [bad[1], bad[2], good[0]]) == []
    assert push(rig, good[1:]) == ["vm2"] * 3
    assert push(rig, bad[:1]) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_big_datagram_of_a_revoked_connection_does_not_arrive(family: Family) -> None:
    rig = taught(family)
    assert push(rig, fragments(datagram(1, 2, 53, family), 1)) == ["vm2"] * 3
    assert push(rig, fragments(datagram(1, 2, 53, family), 2)) == ["vm2"] * 3
    rig.apply(group("web"))
    assert push(rig, fragments(datagram(1, 2, 53, family), 3)) == []
    rig.apply(group("web", dns(family)))
    teach(rig, family)
    assert push(rig, fragments(datagram(1, 2, 53, family), 4)) == ["vm2"] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_big_datagram_of_an_answered_connection_crosses_a_change(family: Family) -> None:
    rule, other = ingress("web", UDP, 53, family=family), ingress("web", UDP, 99, family=family)
    rig = host(group("web", rule, other), vm(1, "out"), vm(2, "web"))
    small = frame(1, 2, UDP, 1000, 53, family=family)
    rig.send("vm1", small)
    assert rig.send("vm2", small.reply()) == ["vm1"]
    rig.apply(group("web", rule))
    answer = datagram(1, 2, 53, family).reply()
    back = [name for piece in fragments(answer, 6) for name in rig.send("vm2", piece)]
    assert back == ["vm1"] * 3
    assert push(rig, fragments(datagram(1, 2, 53, family), 5)) == ["vm2"] * 3


@pytest.mark.parametrize("family", FAMILIES)
def test_a_big_datagram_of_an_answered_connection_is_cut_with_its_rule(family: Family) -> None:
    """A rule for low ports must not let pass what has no port: a later fragment."""
    low = ingress("web", UDP, 0, 52, family=family)
    rig = host(
        group("web", low, ingress("web", UDP, 53, family=family)), vm(1, "out"), vm(2, "web")
    )
    small = frame(1, 2, UDP, 1000, 53, family=family)
    rig.send("vm1", small)
    rig.send("vm2", small.reply())
    rig.apply(group("web", low))
    assert push(rig, fragments(datagram(1, 2, 53, family), 5)) == []
    answer = fragments(datagram(1, 2, 53, family).reply(), 6)
    assert [name for piece in answer for name in rig.send("vm2", piece)] == []


def test_fragments_that_overlap_do_not_slip_by() -> None:
    rig = taught(IPV4)
    pieces = fragments(datagram(1, 2, 53, IPV4))
    twice = [pieces[1], pieces[1], pieces[0], pieces[2]]
    assert push(rig, twice) == ["vm2"] * 3


def test_a_sender_may_fragment_only_what_it_may_send() -> None:
    rig = host(group("web", ingress("web", UDP, 53)), vm(1), vm(2, "web"))
    assert push(rig, fragments(datagram(1, 2, 53, IPV4))) == []
