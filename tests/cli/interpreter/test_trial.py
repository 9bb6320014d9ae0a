"""Random packets through a switch's flows agree with the policy, and tell where they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from damselfly.cli.interpreter.trial import Trial, try_packets
from damselfly.flow.action import Output, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.model.address import FAMILIES
from damselfly.model.network import Network
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE
from tests.agent.site import HTTP, NETWORK, OUT, WEB, port
from tests.scenarios import policies
from tests.scenarios.policies import FAR, GROUPS, LISTS, LOCAL, every_kind
from tests.scenarios.rig import Rig, done

COUNT = 200
RULES = replace(WEB, rules=(HTTP, OUT))


def tried(rig: Rig, flows: list[Flow] | None = None, seed: int = 1, count: int = COUNT) -> Trial:
    if flows is None:
        flows = [each.flow for each in done(rig.switch.flows())]
    trial: Trial = done(try_packets(rig.enforcement, flows, done(rig.switch.meters()), count, seed))
    return trial


def rig() -> Rig:
    """Two ports with one rule, and verdicts from some traffic."""
    made = Rig(NETWORK, RULES, port(1), port(2))
    one, two = port(1), port(2)
    for frame in every_kind(one, two, FAMILIES[0], 1000):
        made.send("p1", frame)
    return made


@given(data=st.data(), seed=st.integers(0, 1000))
@settings(max_examples=30, phases=[Phase.generate])
def test_flows_of_any_policy_do_what_the_policy_says(data: st.DataObject, seed: int) -> None:
    things = [data.draw(policies.groups(name)) for name in GROUPS]
    lists = [data.draw(policies.address_groups(name)) for name in LISTS]
    ports = [data.draw(policies.ports(name)) for name in (*LOCAL, *FAR)]
    networks = [Network("net", "net", 7), Network("other", "other", 8)]
    trial = tried(Rig(*networks, *things, *lists, *ports), seed=seed, count=30)
    assert trial.disagreements == []
    assert trial.wrong == 0
    assert trial.strange == []


def test_packets_are_delivered_answered_denied_and_asked_about() -> None:
    trial = tried(rig())
    assert trial.packets >= COUNT
    assert trial.wrong == 0
    assert 0 < trial.answers <= trial.delivered < trial.packets
    assert trial.asked > 0


def test_the_same_seed_draws_the_same_packets() -> None:
    one, other = tried(rig(), seed=5), tried(rig(), seed=5)
    assert (one.delivered, one.answers) == (other.delivered, other.answers)
    assert tried(rig(), seed=6).delivered != one.delivered


def changed(made: Rig, table: Table, cookie: int | None, **change: Any) -> list[Flow]:
    """Return what the switch holds, with one flow done otherwise."""
    flows = [each.flow for each in done(made.switch.flows())]
    victim = next(f for f in flows if f.table == table and cookie in (None, f.cookie))
    return [replace(f, **change) if f is victim else f for f in flows]


def test_a_denial_that_allows_is_found_with_both_reasons() -> None:
    allow = (SetField("reg2", 1), SetField("reg3", 1))
    made = rig()
    trial = tried(made, changed(made, Table.VERDICTS, DENY_COOKIE, actions=allow))
    assert trial.wrong > 0
    found = trial.disagreements[0]
    assert "10.0.0.1 > 10.0.0.2" in found.packet or "10.0.0.2 > 10.0.0.1" in found.packet
    assert "denies: " in found.policy
    assert found.flows.startswith("delivered to interface")
    assert any("table=110" in line and "set_field:0x1->reg2" in line for line in found.met)


def test_an_allowance_that_denies_is_found() -> None:
    made = rig()
    trial = tried(made, changed(made, Table.VERDICTS, ALLOW_COOKIE, actions=()))
    assert trial.wrong > 0
    assert trial.disagreements[0].flows == "dropped"
    assert trial.disagreements[0].policy.count("allows: ") == 2


def test_a_label_that_nobody_has_is_found_by_an_answer() -> None:
    made = rig()
    flows = [each.flow for each in done(made.switch.flows())]
    labels = [flow for flow in flows if flow.match.term("ct_label")]
    assert labels
    trial = tried(made, [flow for flow in flows if flow not in labels])
    assert trial.wrong > 0


def test_a_flow_that_lets_everything_by_is_found() -> None:
    made = rig()
    flows = [each.flow for each in done(made.switch.flows())]
    opened = Flow(Table.INGRESS_SECURITY, Priority.EXCEPTION + 1, match(), (Output(22),))
    trial = tried(made, [*flows, opened])
    assert trial.wrong > COUNT / 4
    assert len(trial.disagreements) == 20


MET = (
    Table.CLASSIFY, Table.INGRESS_SECURITY, Table.SERVICES, Table.TRACK_SOURCE,
    Table.FORWARDING_SECURITY_SOURCE, Table.L2, Table.TRACK_DESTINATION,
    Table.FORWARDING_SECURITY_DESTINATION, Table.LABEL, Table.JUDGE, Table.VERDICTS, Table.ADMIT,
    Table.PASS, Table.EGRESS_SECURITY, Table.OUTPUT,
)  # fmt: skip
"""Tables that a packet of a connection meets."""


@pytest.mark.parametrize("table", MET)
def test_a_table_that_was_emptied_is_noticed(table: Table) -> None:
    made = rig()
    kept = [each.flow for each in done(made.switch.flows()) if each.flow.table != table]
    assert tried(made, kept).wrong > 0


def test_one_port_alone_has_nobody_to_send_to() -> None:
    trial = tried(Rig(NETWORK, RULES, port(1)))
    assert (trial.packets, trial.wrong) == (0, 0)
