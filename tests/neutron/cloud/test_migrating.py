"""From ML2/OVS with hybrid plugging to Damselfly: the steps of docs/openstack.md, on one host."""

from __future__ import annotations

import json

import pytest

from bench.cloud import HOST, Cloud
from tests.neutron.cloud.same import in_neutron, in_store
from tests.neutron.cloud.tenant import Tenant

pytestmark = [pytest.mark.ovs, pytest.mark.timeout(300)]

OLD, OLD_TYPE = "openvswitch", "Open vSwitch agent"
CONFIGURATION = {"tunnel_types": ["geneve"], "bridge_mappings": {}, "ovs_hybrid_plug": True}


def test_a_cloud_moves_from_hybrid_plugging() -> None:
    """With its policy in etcd, as in a cloud of many hosts."""
    with Cloud(drivers=[OLD], etcd=True) as cloud:
        add_old_agent(cloud)
        with Tenant(cloud) as tenant:
            port = tenant.port("one")
            assert is_hybrid(cloud, port.id)
            cloud.neutron.restart([OLD, "damselfly"])
            cloud.until_listed()
            cloud.neutron.tool("damselfly-neutron-sync", "--mode", "repair")
            assert in_neutron(cloud) == in_store(cloud)
            assert is_hybrid(cloud, tenant.port("two").id)
            assert in_neutron(cloud) == in_store(cloud)
            retire_old_agent(cloud)
            assert not is_hybrid(cloud, port.id)
            vm = tenant.boot(cloud.api.get_port(port.id))
            cloud.until_status(vm.port_id, "ACTIVE")


def is_hybrid(cloud: Cloud, port_id: str) -> bool:
    """Bind the port to the host anew; tell whether a Linux bridge is to stand between."""
    cloud.api.update_port(port_id, binding_host_id="")
    port = cloud.nova.bind(port_id)
    assert port.binding_vif_type == "ovs"
    return bool(port.binding_vif_details["ovs_hybrid_plug"])


def add_old_agent(cloud: Cloud) -> None:
    """Let Neutron know of an agent that it would hear of by its message bus."""
    text = json.dumps(CONFIGURATION)
    cloud.neutron.database.ask(
        f"""use neutron; insert into agents
        (id, agent_type, `binary`, topic, host, admin_state_up, created_at, started_at,
         heartbeat_timestamp, configurations, `load`)
        values (uuid(), '{OLD_TYPE}', 'neutron-openvswitch-agent', 'N/A', '{HOST}', 1,
         utc_timestamp(), utc_timestamp(), utc_timestamp(), '{text}', 0)"""
    )


def retire_old_agent(cloud: Cloud) -> None:
    """Delete it from the list, as after its service was stopped."""
    for agent in cloud.api.agents(agent_type=OLD_TYPE):
        cloud.api.delete_agent(agent)
