"""What somebody changes on a real switch behind the agent's back is mended and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

import pytest

from bench.agent import Agent
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reach, reaches
from tests.ovs.site import GROUP, Site

pytestmark = pytest.mark.ovs


@pytest.fixture(scope="module")
def walked() -> Iterator[Site]:
    """One site for all tests here, whose switch is looked at all over every second."""
    with (
        Hypervisor() as hypervisor,
        Agent(hypervisor, status_interval=0.3, verify_interval=1) as agent,
    ):
        yield Site(hypervisor, agent)


def drift(site: Site) -> dict[str, int]:
    status = site.agent.status()
    assert status is not None
    return {kind: count for kind, count in status.drift.items() if count}


def held(site: Site, table: int) -> list[str]:
    lines = site.hypervisor.ofctl("dump-flows", "--no-stats", f"table={table}").splitlines()
    return sorted(line.strip() for line in lines)


def test_what_the_agent_itself_changes_is_never_taken_for_drift(walked: Site) -> None:
    """Policies and verdicts change while parts are being read, over and over."""
    for turn in range(12):
        walked.delete_rule("http" if turn % 2 else "ssh")
        reach(
            [Probe(walked.one, walked.two.ipv4, "tcp", port) for port in (22, 80, 81 + turn)], 0.2
        )
        walked.apply(GROUP)
        walked.hypervisor.appctl("dpctl/flush-conntrack")
    assert drift(walked) == {}


def test_a_label_flow_replaced_by_another_is_put_back_and_its_stranger_named(walked: Site) -> None:
    walked.hypervisor.ofctl("add-flow", "table=250,priority=7,ip,actions=drop")
    assert reaches(Probe(walked.one, walked.two.ipv4, "tcp", 80))
    before, seen = held(walked, 90), drift(walked)
    victim = next(line for line in before if "ct_label" in line)
    match = victim.split(" actions=")[0].split("table=90, ")[1]
    walked.hypervisor.ofctl("del-flows", "--strict", f"table=90,{match}")
    walked.hypervisor.ofctl("add-flow", "table=90,priority=65535,actions=output:1")
    wait_until(lambda: held(walked, 90) == before, 20, "the flows")
    wait_until(lambda: drift(walked) != seen, 20, "the report")
    status = walked.agent.status()
    assert status is not None
    assert any(
        line.startswith("foreign: ") and "table=90, priority=65535" in line
        for line in status.drifted
    )
    assert "table=250" in walked.hypervisor.ofctl("dump-flows", "table=250")


def test_a_verdict_made_to_allow_what_is_denied_is_put_back(walked: Site) -> None:
    probe = Probe(walked.one, walked.two.ipv4, "tcp", 81)
    assert not reaches(probe)
    seen = drift(walked).get("changed", 0)
    denial = next(line for line in held(walked, 110) if "cookie=0xde0000" in line)
    match = denial.split(" actions=")[0].split("table=110, ")[1]
    allow = f"table=110,cookie=0xde0000,{match},actions=set_field:0x1->reg2"
    walked.hypervisor.ofctl("add-flow", allow)
    wait_until(lambda: denial in held(walked, 110), 20, "the flows")
    wait_until(lambda: drift(walked).get("changed", 0) == seen + 1, 20, "the report")
    assert not reaches(probe)


def test_a_meter_that_was_opened_is_set_back(walked: Site) -> None:
    before = walked.hypervisor.ofctl("dump-meters").splitlines()[1:]
    walked.hypervisor.ofctl(
        "mod-meter", "meter=1 pktps burst stats bands=type=drop rate=9 burst_size=9"
    )
    wait_until(
        lambda: walked.hypervisor.ofctl("dump-meters").splitlines()[1:] == before, 20, "the meter"
    )


def test_whatever_a_vandal_leaves_behind_is_mended(walked: Site) -> None:
    random, hypervisor = Random(7), walked.hypervisor
    before = lasting(walked)
    for _ in range(40):
        flow = random.choice([line for line in every_flow(walked) if "table=250" not in line])
        match = flow.split(" actions=")[0]
        match = match.partition(", ")[2] if match.startswith("cookie=") else match
        kind = random.choice(["delete", "change", "add", "replace", "meter"])
        if kind in ("delete", "replace"):
            hypervisor.ofctl("del-flows", "--strict", match)
        if kind == "change":
            hypervisor.ofctl("add-flow", f"{match},actions=NORMAL")
        if kind in ("add", "replace"):
            table, priority = random.choice([0, 40, 90, 110, 150]), random.randrange(1, 65535)
            hypervisor.ofctl("add-flow", f"table={table},priority={priority},actions=output:1")
        if kind == "meter":
            hypervisor.ofctl("del-meter", "meter=1")
    wait_until(lambda: lasting(walked) == before, 30, "the flows")
    assert reaches(Probe(walked.one, walked.two.ipv4, "tcp", 80))
    assert not reaches(Probe(walked.one, walked.two.ipv4, "tcp", 81))


def every_flow(site: Site) -> list[str]:
    lines = site.hypervisor.ofctl("dump-flows", "--no-stats").splitlines()
    return [line.strip() for line in lines if "table=" in line]


def lasting(site: Site) -> list[str]:
    """Return the flows of our tables that come with no traffic; one lost label may be another."""
    others = ("cookie=0xa00000,", "cookie=0xde0000,", "table=250,")
    flows = [flow for flow in every_flow(site) if not flow.startswith(others)]
    return sorted(re.sub(r"0x[0-9a-f]{20,}", "LABEL", flow) for flow in flows)
