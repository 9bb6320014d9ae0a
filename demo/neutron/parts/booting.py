"""Part 3: machines are plugged in, and their ports become active."""

from __future__ import annotations

from demo.neutron.cloud import ADDRESS_GROUP, MACHINES, NETWORK
from demo.neutron.stage import CloudStage
from demo.score import Score


def show(stage: CloudStage, score: Score) -> None:
    """Make ports, and do with each what Nova does."""
    for name, group in MACHINES.items():
        words = [] if group is None else ["--security-group", group]
        port = stage.ask("port", "create", "--network", NETWORK, *words, name)
        stage.vms[name] = stage.cloud.nova.boot(port["id"], name, plug=False)
    ports = {port.name: port for port in stage.cloud.api.ports()}
    score.expect(
        "no port is active while its tap is not plugged in",
        met=all(port.status == "DOWN" for port in ports.values()),
    )
    details = ports["web-1"].binding_vif_details
    score.expect(
        "Nova is told to plug taps straight into the bridge, with no Linux bridge between",
        met=details["bridge_name"] == "br-int" and details["ovs_hybrid_plug"] is False,
    )
    score.say("The taps are plugged in, as Nova does it; the agent confirms that it guards them.")
    for vm in stage.vms.values():
        vm.plug()
    for vm in stage.vms.values():
        stage.cloud.until_status(vm.port_id, "ACTIVE")
    stage.show("port", "list", "-c", "Name", "-c", "Fixed IP Addresses", "-c", "Status")
    bastion = stage.vms["bastion"]
    stage.openstack("address", "group", "set", "--address", bastion.ipv4, ADDRESS_GROUP)
    stage.cloud.enforced()
