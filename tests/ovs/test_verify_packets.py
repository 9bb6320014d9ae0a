"""``verify --packets`` runs packets through what a real switch holds."""

from __future__ import annotations

import pytest

from lab.traffic import Probe, reaches
from tests.ovs.host import Host

pytestmark = pytest.mark.ovs


def test_flows_of_a_real_switch_agree_until_one_is_changed(host: Host) -> None:
    host.apply()
    assert reaches(Probe(host.one, "10.0.0.2", "tcp", 80))
    assert not reaches(Probe(host.one, "10.0.0.2", "tcp", 81))
    (switch,) = host.data("verify", "--packets", "400", "--seed", "3")["switches"]
    trial = switch["packets"]
    assert trial["packets"] >= 400
    assert trial["answers"] > 0
    assert (trial["wrong"], trial["strange"], trial["seed"]) == (0, [], 3)
    host.agent.stop()
    flows = host.hypervisor.ofctl("dump-flows", "--no-stats", "table=110").splitlines()
    denial = next(line.strip() for line in flows if "cookie=0xde0000" in line)
    match = denial.split(" actions=")[0].split("table=110, ")[1]
    allow = f"table=110,cookie=0xde0000,{match},actions=set_field:0x1->reg2"
    host.hypervisor.ofctl("add-flow", allow)
    said = host.damselfly("verify", "--packets", "400", "--seed", "3", code=1)
    assert "! 02:00:00:00:00:0" in said
    assert "denies: no rule" in said or "denies: none of" in said
    assert "it met" in said
