"""What the doctor says of a bridge, a store and an agent."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from damselfly.cli.doctor.agent import agent_checks
from damselfly.cli.doctor.check import Check, State
from damselfly.cli.doctor.store import Heard, clock_check, file_checks, policy_check
from damselfly.cli.doctor.switch import bridge_checks, features_check
from damselfly.northbound.sqlite import SqliteStore
from damselfly.northbound.status import AgentStatus, PortStatus
from damselfly.northbound.store import Contents
from damselfly.pipeline.needs import Feature
from damselfly.southbound.bridge import BridgeState, Interface
from tests.cli.conftest import Damselfly

NOW = 1_800_000_000.0
BRIDGE = BridgeState("br-int", "netdev", "3.1.0", {"p1": Interface("tap1", 1)})
AGENT = AgentStatus(
    "h1", "br-int", "unix:/run/db.sock", "/run/br-int.mgmt", 7, "1", NOW - 60, NOW - 1, 5, NOW - 50,
    ports=(PortStatus("p1", "active", "web"),), drift={"missing": 0},
)  # fmt: skip


def of_bridge(**change: object) -> dict[str, Check]:
    bridge = replace(BRIDGE, **change)  # type: ignore[arg-type]
    return {check.what: check for check in bridge_checks(bridge)}


def of_agent(**change: object) -> dict[str, Check]:
    said = replace(AGENT, **change)  # type: ignore[arg-type]
    return {check.what: check for check in agent_checks(Heard([said]), "h1", NOW)}


def test_a_bridge_that_is_set_up_well_is_good() -> None:
    assert {check.state for check in of_bridge().values()} == {State.GOOD}
    assert not any(check.advice for check in of_bridge().values())


@pytest.mark.parametrize(
    ("version", "state"),
    [("3.1.0", State.GOOD), ("3.6.2", State.GOOD), ("4.0", State.GOOD), ("2.17.9", State.DOUBTFUL),
     ("3.0.5", State.DOUBTFUL), ("2.16.0", State.BAD), ("2.5.0", State.BAD), ("", State.DOUBTFUL)],
)  # fmt: skip
def test_versions_that_were_not_tried_are_told(version: str, state: State) -> None:
    assert of_bridge(ovs_version=version)["version"].state is state


def test_what_is_wrong_with_a_bridge_comes_with_the_command_that_mends_it() -> None:
    assert of_bridge(datapath_type="")["datapath"].state is State.DOUBTFUL
    mode = of_bridge(is_secure=False)["fail_mode"]
    assert mode.state is State.DOUBTFUL
    assert "ovs-vsctl set bridge br-int fail_mode=secure" in mode.advice
    controller = of_bridge(controllers=("tcp:127.0.0.1:6653",))["controller"]
    assert controller.state is State.BAD
    assert "tcp:127.0.0.1:6653" in controller.found
    assert "ovs-vsctl del-controller br-int" in controller.advice
    ports = of_bridge(errors={"tap2": "could not open"}, duplicates={"p1": ("a", "b")})
    assert ports["interfaces"].state is State.DOUBTFUL
    assert "could not open" in ports["interfaces"].found


def test_what_a_datapath_lacks_is_told_by_how_much_it_costs() -> None:
    assert features_check(frozenset()).state is State.GOOD
    assert features_check(frozenset({Feature.CT_CLEAR})).state is State.DOUBTFUL
    assert features_check(frozenset({Feature.CT_LABEL})).state is State.BAD
    assert "CT label" in features_check(frozenset({Feature.CT_LABEL})).found


def test_an_agent_that_lives_and_complains_of_nothing_is_good() -> None:
    assert {check.state for check in of_agent().values()} == {State.GOOD}


@pytest.mark.parametrize(
    "change", [{"updated_at": NOW - 3600}, {"stopped": True}, {"host": "another"}]
)
def test_an_agent_that_does_not_live_is_bad_and_hides_the_rest(change: dict[str, object]) -> None:
    said = of_agent(**change)
    assert said["agent"].state is State.BAD
    assert "damselfly-agent" in said["agent"].advice
    assert {said[name].state for name in ("enforced", "ports", "drift")} == {State.UNKNOWN}


def test_an_agent_whose_clock_is_wrong_lives_while_it_holds_its_name() -> None:
    late = replace(AGENT, updated_at=NOW - 3600)
    (first, *_) = agent_checks(Heard([late], {"h1"}), "h1", NOW)
    assert first.state is State.GOOD


def test_what_an_agent_complains_of_is_passed_on() -> None:
    assert of_agent(problems={"store": "gone"})["enforced"].state is State.DOUBTFUL
    assert of_agent(revision_at=0.0)["enforced"].state is State.BAD
    closed = (PortStatus("p2", "closed", "db", reason="no network"),)
    assert "db: no network" in of_agent(ports=closed)["ports"].found
    drifted = {"drift": {"foreign": 2}, "drifted": ("foreign: x",)}
    assert of_agent(drift_at=NOW - 60, **drifted)["drift"].state is State.DOUBTFUL
    assert of_agent(drift_at=NOW - 200_000, **drifted)["drift"].state is State.GOOD


def test_a_report_from_the_future_means_that_clocks_differ() -> None:
    assert clock_check([AGENT], "h1", NOW).state is State.GOOD
    ahead = replace(AGENT, host="h2", updated_at=NOW + 30)
    said = clock_check([AGENT, ahead], "h1", NOW)
    assert said.state is State.DOUBTFUL
    assert "h2 by 30.0 s" in said.found
    assert clock_check([], "h1", 0.0).state is State.BAD


def test_objects_that_cannot_be_read_are_told() -> None:
    assert policy_check(Contents(1, {})).state is State.GOOD
    said = policy_check(Contents(1, {"/port/p1": b"{}"}))
    assert said.state is State.DOUBTFUL
    assert "/port/p1" in said.found


def test_files_of_the_store_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "policy.db"
    asyncio.run(SqliteStore(path).close())
    url = f"sqlite:///{path}"
    assert [check.state for check in file_checks(url)] == [State.GOOD]
    path.chmod(0o644)
    (said,) = file_checks(url)
    assert said.state is State.DOUBTFUL
    assert f"chmod go-rwx {path}" in said.advice
    path.chmod(0o600)
    tmp_path.chmod(0o777)
    assert [check.state for check in file_checks(url)] == [State.DOUBTFUL]
    tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, 4242, 4242)
        assert [check.state for check in file_checks(url)] == [State.DOUBTFUL]
    assert list(file_checks("etcd://h1")) == []


def test_a_host_without_anything_gets_advice_and_exit_code_1(damselfly: Damselfly) -> None:
    said = damselfly("doctor", "--ovsdb", "unix:/nowhere/db.sock", "-o", "json")
    assert said.code == 1
    found = {check["what"]: check for check in said.data["checks"]}
    for name in ("database", "openflow", "store", "agent"):
        assert found[name]["state"] == "bad"
        assert found[name]["advice"]
    assert found["fail_mode"]["state"] == "unknown"
    assert "systemctl start openvswitch-switch" in found["database"]["advice"]
    assert damselfly("doctor", "--ovsdb", "unix:/nowhere/db.sock").out.count("bad ") >= 4
