"""Where a port can be bound, and why it cannot.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .translate.networks import LOCAL, TUNNELLED
from .translate.values import Fields

AGENT_TYPE = "Damselfly agent"
BINARY = "damselfly-agent"
NORMAL = "normal"
CARRIED = (TUNNELLED, LOCAL)
"""Types of segments that the switch carries."""


class Binding(NamedTuple):
    """How Nova is to plug the port."""

    segment_id: str
    details: Mapping[str, object]


class Refusal(NamedTuple):
    """Why the port is not bound here."""

    why: str


def choose(
    vnic_type: str, segments: Sequence[Fields], agents: Iterable[Fields], host: str
) -> Binding | Refusal:
    """Choose a segment of the network that the host's agent carries."""
    if vnic_type != NORMAL:
        return Refusal(f"vnic_type {vnic_type} is not served; accepted: {NORMAL}")
    known = list(agents)
    if not known:
        return Refusal(f"no {AGENT_TYPE} was ever seen on host {host}")
    enabled = [agent for agent in known if agent.get("admin_state_up", True)]
    if not enabled:
        return Refusal(f"the {AGENT_TYPE} of host {host} is administratively down")
    alive = next((agent for agent in enabled if agent["alive"]), None)
    if alive is None:
        return Refusal(f"the {AGENT_TYPE} of host {host} gives no sign of life")
    for segment in segments:
        if segment["network_type"] in CARRIED:
            return Binding(segment["id"], _details(alive["configurations"]))
    types = ", ".join(sorted({segment["network_type"] for segment in segments})) or "none"
    return Refusal(
        f"segment type {types} is not carried; accepted: {', '.join(CARRIED)} "
        "(vlan and flat need provider networks, which are not there yet)"
    )


def _details(configurations: Mapping[str, Any]) -> dict[str, object]:
    """Say where the interface goes: straight into the bridge, with no Linux bridge between."""
    return {
        "port_filter": True,
        "ovs_hybrid_plug": False,
        "connectivity": "l2",
        "bridge_name": configurations.get("bridge", "br-int"),
        "datapath_type": configurations.get("datapath_type") or "system",
    }
