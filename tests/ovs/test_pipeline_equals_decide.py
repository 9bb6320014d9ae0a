"""A sample of the random histories, as packets through a real switch and a real agent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bench.agent import Agent
from damselfly.model.address import FAMILIES, mac_text
from damselfly.model.group import SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of
from damselfly.northbound import keys
from damselfly.northbound.store import Change
from lab.frames import Frames
from lab.hypervisor import Hypervisor
from lab.vm import VM
from tests.scenarios import policies
from tests.scenarios.frames import ACK, Frame
from tests.scenarios.oracle import Oracle
from tests.scenarios.policies import FAR, GROUPS, LOCAL

pytestmark = pytest.mark.ovs
HERE = LOCAL[:3]
GRACE = 0.3
"""Seconds in which a switch short of processor time may still answer from its cache."""
Sent = tuple[str, Frame]


class Wire:
    """Three VMs without addresses of their own, so that nobody but the test says anything."""

    def __init__(self, agent: Agent, vms: dict[str, Frames]) -> None:
        self.agent = agent
        self.vms = vms
        self.oracle = Oracle()
        self.things: dict[tuple[type[Thing], str], Thing] = {}

    def begin(self) -> None:
        """Forget all connections: those that wait for an answer expire after half a minute."""
        self.agent.hypervisor.appctl("dpctl/flush-conntrack")
        self.oracle = Oracle()

    @property
    def snapshot(self) -> Snapshot:
        return snapshot_of(self.things.values())

    def apply(self, *things: SecurityGroup | Port | Network) -> None:
        """Write objects, without the rules that groups no longer have; wait for the agent."""
        before = self.snapshot.groups
        gone = [
            Change(keys.rule(thing.id, rule.id), None)
            for thing in things
            if isinstance(thing, SecurityGroup) and thing.id in before
            for rule in before[thing.id].rules
            if rule.id not in {each.id for each in thing.rules}
        ]
        if gone:
            self.agent.commit(gone)
        self.agent.enforced(self.agent.write(things))
        time.sleep(GRACE)
        self.things.update(((type(thing), thing.id), thing) for thing in things)

    def check(self, frames: list[Sent]) -> None:
        """Send frames of one sender; each must arrive exactly where the specification says."""
        for vm in self.vms.values():
            vm.drain()
        snapshot, here = self.snapshot, set(HERE)
        expected = {
            (name, frame.bytes())
            for sender, frame in frames
            for name in self.oracle.receivers(snapshot, here, sender, frame)
        }
        for sender, frame in frames:
            self.vms[sender].send(frame.bytes())
        ours = {frame.bytes() for _, frame in frames}
        found = {(name, data) for name in HERE for data in self._arrived(name) if data in ours}
        assert found == expected

    def _arrived(self, name: str) -> list[bytes]:
        found: list[bytes] = []
        while new := self.vms[name].receive(0.3):
            found += new
        return found


@pytest.fixture
def wire(hypervisor: Hypervisor) -> Iterator[Wire]:
    with ExitStack() as stack:
        agent = stack.enter_context(Agent(hypervisor, packet_rate=10_000, packet_burst=10_000))
        vms = {name: VM(hypervisor, name, mac_text(policies.mac(name))) for name in HERE}
        for vm in vms.values():
            vm.run(["sysctl", "-q", "-w", "net.ipv6.conf.eth0.disable_ipv6=1"])
        wires = {name: stack.enter_context(Frames(vm)) for name, vm in vms.items()}
        made = Wire(agent, wires)
        made.apply(Network("net", "net", 7), Network("other", "other", 8))
        yield made


@settings(
    max_examples=4,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_delivers_what_both_ends_admit_and_nothing_else(wire: Wire, data: st.DataObject) -> None:
    """A policy, every kind of packet, then another policy for the connections that live."""
    wire.begin()
    wire.apply(*(data.draw(policies.groups(name)) for name in GROUPS))
    wire.apply(*(data.draw(policies.ports(name)) for name in (*HERE, *FAR)))
    known = wire.snapshot.ports
    sweeps = {
        sender: [
            (sender, frame)
            for receiver in (*HERE, *FAR)
            if receiver != sender
            for family in FAMILIES
            for frame in policies.every_kind(known[sender], known[receiver], family, 1000)
        ]
        for sender in HERE
    }
    for sweep in sweeps.values():
        wire.check(sweep)
    wire.apply(*(data.draw(policies.groups(name)) for name in GROUPS[:2]))
    worn = data.draw(st.sampled_from(policies.WORN))
    wire.apply(replace(known[HERE[0]], security_groups=worn))
    for sweep in sweeps.values():
        wire.check([(sender, replace(frame, flags=ACK)) for sender, frame in sweep])
