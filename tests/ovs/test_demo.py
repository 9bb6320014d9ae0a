"""The demonstration tells the truth: about a switch that filters, and about one that does not."""

from __future__ import annotations

import itertools

import pytest

from demo.parts.forgeries import forgeries
from demo.programs import Call, listeners, reached
from demo.stream import streaming
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from lab.vm import VM

pytestmark = pytest.mark.ovs

_numbers = itertools.count(1)


@pytest.fixture
def machines(hypervisor: Hypervisor) -> tuple[VM, VM, VM]:
    """Three VMs on a bridge that passes everything but TCP to port 81."""
    hypervisor.flows("priority=1,actions=NORMAL", "priority=2,tcp,tp_dst=81,actions=drop")
    made = [
        VM(hypervisor, f"vm{n}", f"02:00:00:00:00:0{n}", [f"10.9.0.{n}/24", f"fd00:9::{n}/64"])
        for n in (1, 2, 3)
    ]
    return made[0], made[1], made[2]


def test_ncat_and_ping_see_what_passes_and_what_does_not(machines: tuple[VM, VM, VM]) -> None:
    source, target, _ = machines
    services = ["tcp/80", "tcp/81", "udp/53", "icmp"]
    calls = {
        (address, service): Call(source, address, service)
        for address in (target.ipv4, target.ipv6)
        for service in services
    }
    with listeners([target], ["tcp/80", "tcp/81", "udp/53"]):
        answers = reached(calls.values())
    seen = {what for what, call in calls.items() if answers[call]}
    missing = {(target.ipv4, "tcp/81")}
    assert seen == calls.keys() - missing


def test_every_forgery_arrives_where_nothing_guards(machines: tuple[VM, VM, VM]) -> None:
    liar, victim, target = machines
    with Frames(liar) as sender, Frames(target) as wire:
        for forgery in forgeries(liar, victim, target):
            sender.send(forgery.frame)
            marked = wire.expect(lambda frame: b"damselfly demo" in frame)
            assert marked is not None, forgery.what


def test_a_stream_notices_a_cut_and_goes_on_after_it(
    hypervisor: Hypervisor, machines: tuple[VM, VM, VM]
) -> None:
    source, target, _ = machines
    with streaming(source, target, 8085) as stream:
        assert stream.flows()
        assert stream.retransmitted == 0
        hypervisor.flows("priority=3,tcp,tp_dst=8085,actions=drop")
        assert not stream.flows(patience=1)
        hypervisor.ofctl("del-flows", "--strict", "priority=3,tcp,tp_dst=8085")
        assert stream.flows(patience=5)
        assert stream.complete
        assert stream.retransmitted > 0
