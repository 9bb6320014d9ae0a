"""``connections --would-cut`` says of a change what the change then does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from damselfly.cli.traffic.cuts import cuts
from damselfly.cli.traffic.live import Live, Standing, understood
from damselfly.model.address import parse_address
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Thing
from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.labels import labels_in
from damselfly.policy.decision import admits
from damselfly.southbound.conntrack import Tracked
from tests.scenarios import policies
from tests.scenarios.oracle import is_stateless
from tests.scenarios.policies import FAR, GROUPS, LISTS, LOCAL, WORN
from tests.scenarios.rig import Rig

from .test_widening import delivered

FOLLOWED = (TCP, UDP, ICMP, ICMPV6)
"""With others, one entry stands for all traffic of two hosts, whoever opened it."""


def live(rig: Rig) -> list[Live]:
    """Read the tracker of the switch as the command does."""
    entries = []
    for one in rig.switch.connections():
        (family, source), (_, destination) = map(parse_address, (one.source, one.destination))
        packet = Packet(family, one.protocol, source, destination, one.tp_src, one.tp_dst)
        if one.protocol in FOLLOWED:
            entries.append(Tracked(one.zone, packet, one.mark, one.label))
    ports = {key: rig.snapshot.ports[name] for name, key in rig.keys.items()}
    flows = iter(rig.flows(Table.LABEL))
    labels = {(key, direction): label for key, direction, label, _ in labels_in(flows)}
    return list(understood("here", entries, ports, labels, rig.snapshot))


@st.composite
def changes(draw: st.DrawFn, rig: Rig) -> list[Thing]:
    """Other rules in a group, or other groups on a port."""
    things: list[Thing] = [
        draw(policies.groups(name)) for name in draw(st.sets(st.sampled_from(GROUPS)))
    ]
    for name in sorted(draw(st.sets(st.sampled_from([*LOCAL, *FAR]), max_size=2))):
        worn = draw(st.sampled_from(WORN))
        things.append(replace(rig.snapshot.ports[name], security_groups=worn))
    return things


@given(st.data())
def test_what_a_change_is_said_to_cut_is_what_it_cuts(data: st.DataObject) -> None:
    things: list[Thing] = [data.draw(policies.groups(name)) for name in GROUPS]
    things += [data.draw(policies.address_groups(name)) for name in LISTS]
    things += [data.draw(policies.ports(name)) for name in (*LOCAL, *FAR)]
    rig = Rig(*things)
    alive, found = delivered(rig), live(rig)
    assert {end.standing for end in found} <= {Standing.CURRENT}
    changed = data.draw(changes(rig))
    planned = rig.snapshot.evolve(rig.snapshot.revision + 1, changed)
    cut = {one.end.entry.packet for one in cuts(found, rig.snapshot, planned)}
    # What stateless ports have is no connection: nobody knows of it.
    loose = {
        name
        for view in (rig.snapshot, planned)
        for name, port in view.ports.items()
        if is_stateless(view, port)
    }
    known = {end.entry.packet for end in found}
    rig.apply(*changed)
    for sender, frame, names in alive:
        if frame.packet in known and loose.isdisjoint({sender, *names}):
            assert bool(rig.send(sender, frame)) is (frame.packet not in cut)


@given(st.data())
def test_each_connection_names_a_rule_that_admits_it(data: st.DataObject) -> None:
    things: list[Thing] = [data.draw(policies.groups(name)) for name in GROUPS]
    things += [data.draw(policies.address_groups(name)) for name in LISTS]
    things += [data.draw(policies.ports(name)) for name in (*LOCAL, *FAR)]
    rig = Rig(*things)
    delivered(rig)
    for end in live(rig):
        assert end.rule is not None
        assert end.rule.direction is end.direction
        assert admits(end.rule, end.direction, end.entry.packet, rig.snapshot)
