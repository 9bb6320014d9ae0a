"""A change that only admits more touches no connection: no new label, no packet to the agent."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import FAMILIES
from damselfly.model.group import SecurityGroup, in_order
from damselfly.model.snapshot import Thing
from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.labels import labels_in
from tests.scenarios import policies
from tests.scenarios.frames import ACK, Frame
from tests.scenarios.policies import FAR, GROUPS, LISTS, LOCAL
from tests.scenarios.rig import Rig

Sent = tuple[str, Frame, list[str]]


def delivered(rig: Rig) -> list[Sent]:
    """Try every kind of packet between all ports; return what arrived, and where."""
    ports = rig.snapshot.ports
    found = [
        (sender, frame, rig.send(sender, frame))
        for sender in LOCAL
        for receiver in LOCAL
        if receiver != sender
        for family in FAMILIES
        for frame in policies.every_kind(ports[sender], ports[receiver], family, 1000)
    ]
    return [(sender, replace(frame, flags=ACK), names) for sender, frame, names in found if names]


def labels(rig: Rig) -> set[tuple[int, str, int]]:
    flows = iter(rig.flows(Table.LABEL))
    return {(key, way.value, label) for key, way, label, _ in labels_in(flows)}


@st.composite
def additions(draw: st.DrawFn, rig: Rig) -> Thing:
    """A rule more, a member more, a group more on a port, or an address more in a list."""
    kind = draw(st.sampled_from(["rule", "member", "group", "address"]))
    if kind == "address":
        listed = rig.snapshot.address_groups[draw(st.sampled_from(LISTS))]
        more = draw(policies.prefixes(draw(st.sampled_from(FAMILIES))))
        return replace(listed, addresses=in_order((*listed.addresses, more)))
    if kind == "rule":
        group = rig.snapshot.groups[draw(st.sampled_from(GROUPS))]
        new = draw(policies.rules(f"{group.id}-new{len(group.rules)}"))
        ordered = tuple(sorted((*group.rules, new), key=lambda rule: rule.id))
        return SecurityGroup(group.id, group.name, ordered)
    if kind == "member":
        name = f"f{draw(st.integers(7, 15))}"
        known = rig.snapshot.ports.get(name)
        port = known or replace(draw(policies.ports("f5")), id=name, mac=policies.mac(name))
    else:
        port = rig.snapshot.ports[draw(st.sampled_from((*LOCAL, *FAR)))]
    worn = {*port.security_groups, draw(st.sampled_from(GROUPS))}
    return replace(port, security_groups=tuple(sorted(worn)), host=port.host or _host(port.id))


def _host(name: str) -> str | None:
    return "elsewhere" if name.startswith("f") else None


@given(st.data())
def test_a_change_that_only_adds_touches_no_connection(data: st.DataObject) -> None:
    things: list[Thing] = [data.draw(policies.groups(name)) for name in GROUPS]
    things += [data.draw(policies.address_groups(name)) for name in LISTS]
    things += [data.draw(policies.ports(name)) for name in (*LOCAL, *FAR)]
    rig = Rig(*things)
    alive, before = delivered(rig), labels(rig)
    for _ in range(data.draw(st.integers(1, 3))):
        rig.apply(data.draw(additions(rig)))
        assert labels(rig) == before
    asked = rig.asked
    for sender, frame, names in alive:
        assert set(names) <= set(rig.send(sender, frame))
    assert rig.asked == asked
