"""Where a port can be bound, and why it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from damselfly.neutron.binding import Binding, Refusal, choose

ALIVE = {"alive": True, "configurations": {"bridge": "br-int", "datapath_type": "netdev"}}
DEAD = {"alive": False, "configurations": {}}
DISABLED = ALIVE | {"admin_state_up": False}


def segment(kind: str, name: str = "s") -> dict[str, Any]:
    return {"id": name, "network_type": kind, "segmentation_id": 5, "physical_network": None}


@pytest.mark.parametrize("kind", ["geneve", "local"])
def test_a_port_is_plugged_straight_into_the_bridge(kind: str) -> None:
    choice = choose("normal", [segment(kind)], [ALIVE], "compute1")
    assert choice == Binding(
        "s",
        {
            "port_filter": True,
            "ovs_hybrid_plug": False,
            "connectivity": "l2",
            "bridge_name": "br-int",
            "datapath_type": "netdev",
        },
    )


@pytest.mark.parametrize("kind", ["vlan", "flat", "vxlan"])
def test_a_segment_that_is_not_carried_is_named(kind: str) -> None:
    choice = choose("normal", [segment(kind)], [ALIVE], "compute1")
    assert isinstance(choice, Refusal)
    assert kind in choice.why
    assert "geneve, local" in choice.why


def test_of_several_segments_the_one_that_is_carried_is_taken() -> None:
    choice = choose("normal", [segment("vlan", "a"), segment("geneve", "b")], [ALIVE], "compute1")
    assert isinstance(choice, Binding)
    assert choice.segment_id == "b"


@pytest.mark.parametrize("agents", [[], [DEAD], [DISABLED]], ids=["none", "dead", "disabled"])
def test_a_host_without_a_live_agent_is_named(agents: list[dict[str, Any]]) -> None:
    choice = choose("normal", [segment("geneve")], agents, "compute9")
    assert isinstance(choice, Refusal)
    assert "compute9" in choice.why


@pytest.mark.parametrize("vnic_type", ["direct", "macvtap", "baremetal", "vdpa"])
def test_cards_that_pass_by_the_switch_are_refused(vnic_type: str) -> None:
    choice = choose(vnic_type, [segment("geneve")], [ALIVE], "compute1")
    assert isinstance(choice, Refusal)
    assert vnic_type in choice.why
