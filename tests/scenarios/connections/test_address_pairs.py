"""Address pairs that come, shrink and go: connections from them are cut exactly with the right.

Port 1, a member of ``clients``, speaks from its own address and those of its pair; port 2 takes
in what members send.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import Prefix
from damselfly.model.group import TCP
from damselfly.model.port import AddressPair
from damselfly.model.snapshot import Thing
from tests.scenarios.frames import ACK, SYN, SYN_ACK, Frame
from tests.scenarios.rig import Rig
from tests.scenarios.vms import group, host, ingress, mac, tcp, vm

NEAR = ingress("web", TCP, 80, remote_group_id="clients")
OWN, LOW, HIGH = 1, 100, 103
"""Addresses by their last byte; the last two lie in the pair."""
PAIR = (AddressPair(Prefix.parse("10.0.0.100/30")),)
HALF = (AddressPair(Prefix.parse("10.0.0.100/31")),)
OTHER_MAC = 0x00005E000107


def client(*pairs: AddressPair) -> Thing:
    return vm(1, "out", "clients", allowed_address_pairs=pairs)


def pushed(source: int, flags: int = ACK) -> Frame:
    """Return a frame of port 1 from one of its addresses."""
    return replace(tcp(source, 2, 80, flags), source_mac=mac(1))


def answered(source: int, flags: int = ACK) -> Frame:
    return pushed(source).reply(flags)


@pytest.fixture
def rig() -> Rig:
    """Connections run from the port's own address and from both ends of its pair."""
    made = host(group("clients"), group("web", NEAR), client(*PAIR), vm(2, "web"))
    for source in (OWN, LOW, HIGH):
        assert made.send("vm1", pushed(source, SYN)) == ["vm2"]
        assert made.send("vm2", answered(source, SYN_ACK)) == ["vm1"]
    return made


def running(rig: Rig) -> list[tuple[int, bool, bool]]:
    """Tell of each connection whether it passes, from the client and from the server."""
    return [
        (
            source,
            rig.send("vm1", pushed(source)) == ["vm2"],
            rig.send("vm2", answered(source)) == ["vm1"],
        )
        for source in (OWN, LOW, HIGH)
    ]


def test_a_pair_that_goes_cuts_what_it_carried_both_ways(rig: Rig) -> None:
    rig.apply(client())
    assert running(rig) == [(OWN, True, True), (LOW, False, False), (HIGH, False, False)]


def test_a_pair_that_shrinks_cuts_those_outside_only(rig: Rig) -> None:
    rig.apply(client(*HALF))
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, False, False)]


def test_a_pair_that_comes_back_revives_its_connections(rig: Rig) -> None:
    rig.apply(client())
    assert not any(running(rig)[1][1:])
    rig.apply(client(*PAIR))
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, True, True)]


def test_a_pair_that_moves_to_another_member_is_a_member_still(rig: Rig) -> None:
    """The port that gave it up may not speak from it; the one that has it now may."""
    heir = vm(3, "out", "clients", allowed_address_pairs=PAIR)
    rig.apply(client(), heir)
    assert rig.send("vm1", pushed(LOW)) == []
    assert rig.send("vm3", replace(pushed(LOW), source_mac=mac(3))) == ["vm2"]


def test_a_pair_that_moves_to_a_stranger_takes_no_right_along(rig: Rig) -> None:
    rig.apply(client(), vm(3, "out", allowed_address_pairs=PAIR))
    assert rig.send("vm3", replace(pushed(LOW), source_mac=mac(3))) == []
    assert rig.send("vm2", replace(answered(LOW), destination_mac=mac(3))) == []


def test_a_pair_that_grows_re_judges_nothing(rig: Rig) -> None:
    asked = rig.asked
    rig.apply(client(AddressPair(Prefix.parse("10.0.0.96/28"))))
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, True, True)]
    assert rig.asked == asked


def test_a_pair_split_in_two_interrupts_nothing(rig: Rig) -> None:
    rig.apply(client(*HALF, AddressPair(Prefix.parse("10.0.0.102/31"))))
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, True, True)]


def test_a_pair_that_gets_a_mac_of_its_own_binds_its_addresses_to_it(rig: Rig) -> None:
    rig.apply(client(AddressPair(PAIR[0].prefix, OTHER_MAC)))
    assert rig.send("vm1", pushed(LOW)) == []
    assert rig.send("vm1", replace(pushed(LOW), source_mac=OTHER_MAC)) == ["vm2"]
    assert rig.send("vm2", replace(answered(LOW), destination_mac=OTHER_MAC)) == ["vm1"]
    assert running(rig)[0] == (OWN, True, True)


def test_a_pair_that_went_while_the_agent_was_gone_is_enforced_at_its_start(rig: Rig) -> None:
    rig.stop()
    rig.write(client(*HALF))
    rig.restart()
    rig.enforce()
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, False, False)]


def test_an_idle_connection_is_cut_by_a_pair_that_went_meanwhile(rig: Rig) -> None:
    rig.apply(client())
    rig.apply(client(*HALF))
    assert running(rig) == [(OWN, True, True), (LOW, True, True), (HIGH, False, False)]
