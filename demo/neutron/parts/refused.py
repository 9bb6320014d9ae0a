"""Part 7: what Neutron accepts and no switch here can carry out."""

from __future__ import annotations

from typing import Any

from bench.cloud import HOST
from demo.neutron.stage import CloudStage
from demo.score import Score


def show(stage: CloudStage, score: Score) -> None:
    """Ask for a port on a VLAN, and for one on a host that has no agent."""
    physical = ["--provider-network-type", "vlan", "--provider-physical-network", "physnet1"]
    stage.openstack("network", "create", *physical, "provider")
    _fails(stage, score, "vlan-port", "provider", HOST)
    _fails(stage, score, "lost-port", "shop", "nowhere")
    score.say("Neutron's log says why:")
    log = stage.cloud.neutron.workers[0].daemon.log.read_text().splitlines()
    reasons = [line.partition("] ")[2] for line in log if "is not bound on host" in line]
    named = list(dict.fromkeys(reasons))
    score.quote(named)
    score.expect(
        "it names the segment's type, and the host",
        met=any("vlan" in line for line in named) and any("nowhere" in line for line in named),
    )
    score.command(["damselfly-neutron-sync", "--mode", "report"])
    said = stage.cloud.neutron.tool("damselfly-neutron-sync", "--mode", "report").splitlines()
    score.quote(said)
    score.expect("Neutron and the store say the same", met=said[-1:] == ["0 differences"])


def _fails(stage: CloudStage, score: Score, name: str, network: str, host: str) -> None:
    where = ["--network", network, "--host", host, "--device-owner", "compute:nova"]
    port: Any = stage.ask("port", "create", *where, name)
    score.expect(f"{name}: binding_failed", met=port["binding_vif_type"] == "binding_failed")
