"""The lab itself: what the tests, the demo and the bench rely on."""

from __future__ import annotations

import pytest
from scapy.layers.l2 import Ether

from lab.echo import Echo
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reach, reaches
from lab.vm import VM

pytestmark = pytest.mark.ovs


def pair(hypervisor: Hypervisor) -> tuple[VM, VM]:
    return tuple(  # type: ignore[return-value]
        VM(hypervisor, f"vm{n}", f"02:00:00:00:00:0{n}", [f"10.9.0.{n}/24", f"fd00:9::{n}/64"])
        for n in (1, 2)
    )


def every_probe(source: VM, target: VM) -> list[Probe]:
    return [
        Probe(source, address, protocol, 0 if protocol == "icmp" else 53)
        for address in (target.ipv4, target.ipv6)
        for protocol in ("tcp", "udp", "icmp")
    ]


def test_nothing_passes_an_empty_bridge(hypervisor: Hypervisor) -> None:
    one, two = pair(hypervisor)
    with Echo(two, tcp=[53], udp=[53]):
        assert not any(reach(every_probe(one, two), wait=0.5).values())


def test_everything_passes_a_bridge_that_switches(hypervisor: Hypervisor) -> None:
    hypervisor.flows("actions=NORMAL")
    one, two = pair(hypervisor)
    with Echo(two, tcp=[53], udp=[53]):
        assert all(reach(every_probe(one, two)).values())


def test_a_refusal_is_an_answer(hypervisor: Hypervisor) -> None:
    hypervisor.flows("actions=NORMAL")
    one, two = pair(hypervisor)
    assert all(reach(every_probe(one, two)).values())


def test_what_one_port_drops_does_not_reach(hypervisor: Hypervisor) -> None:
    hypervisor.flows("priority=1,actions=NORMAL", "priority=2,udp6,tp_dst=53,actions=drop")
    one, two = pair(hypervisor)
    with Echo(two, udp=[53]):
        answers = reach(every_probe(one, two))
    missing = [probe for probe, answered in answers.items() if not answered]
    assert missing == [Probe(one, two.ipv6, "udp", 53)]


def test_frames_arrive_as_they_were_sent(hypervisor: Hypervisor) -> None:
    hypervisor.flows("actions=NORMAL")
    one, two = pair(hypervisor)
    frame = bytes(Ether(src="02:99:00:00:00:01", dst=two.mac, type=0x88B5) / (b"x" * 50))
    with Frames(one) as sender, Frames(two) as receiver:
        sender.send(frame)
        assert receiver.expect(lambda seen: seen == frame)
        assert frame not in sender.receive()


def test_a_port_leaves_and_comes_back(hypervisor: Hypervisor) -> None:
    hypervisor.flows("actions=NORMAL")
    one, two = pair(hypervisor)
    two.unplug()
    assert not reaches(Probe(one, two.ipv4, "icmp"), wait=0.3)
    two.plug(ofport=77)
    assert two.ofport == 77
    assert reaches(Probe(one, two.ipv4, "icmp"))


@pytest.mark.parametrize("killed", [False, True])
def test_a_restarted_switch_has_its_ports_and_no_flows(
    hypervisor: Hypervisor, killed: bool
) -> None:
    hypervisor.flows("actions=NORMAL")
    one, two = pair(hypervisor)
    hypervisor.restart_vswitchd(killed=killed)
    assert "actions" not in hypervisor.ofctl("dump-flows")
    hypervisor.flows("actions=NORMAL")
    assert reaches(Probe(one, two.ipv4, "icmp"))


def test_the_database_comes_back_with_its_contents(hypervisor: Hypervisor) -> None:
    hypervisor.restart_database()
    assert hypervisor.vsctl("get", "bridge", "br-int", "fail_mode").strip() == "secure"


def test_two_hypervisors_share_nothing(hypervisor: Hypervisor) -> None:
    with Hypervisor() as other:
        VM(other, "vm1", "02:00:00:00:00:01")
        VM(hypervisor, "vm1", "02:00:00:00:00:01")
        assert (
            other.vsctl("list-ports", "br-int").split()
            != hypervisor.vsctl("list-ports", "br-int").split()
        )
