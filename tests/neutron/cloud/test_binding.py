"""Where a port may be, how it is plugged there, and what Neutron says of it and of the host."""

from __future__ import annotations

from typing import Any

import pytest

from bench.cloud import HOST, Cloud
from damselfly import __version__
from lab.neutron.nova import Nova
from tests.neutron.cloud.tenant import Tenant

pytestmark = pytest.mark.ovs


def test_a_bound_port_says_that_its_tap_goes_straight_into_the_bridge(
    cloud: Cloud, tenant: Tenant
) -> None:
    port = cloud.nova.bind(tenant.port("one").id)
    assert port.binding_vif_type == "ovs"
    details = port.binding_vif_details
    assert details["ovs_hybrid_plug"] is False
    assert details["connectivity"] == "l2"
    assert details["bridge_name"] == cloud.hypervisor.bridge


def test_a_port_is_active_while_it_is_plugged_in(cloud: Cloud, tenant: Tenant) -> None:
    vm = tenant.boot(tenant.port("one"), plug=False)
    assert cloud.status(vm.port_id) == "DOWN"
    vm.plug()
    cloud.until_status(vm.port_id, "ACTIVE")
    vm.unplug()
    cloud.until_status(vm.port_id, "DOWN")
    vm.plug()
    cloud.until_status(vm.port_id, "ACTIVE")


def test_a_local_network_is_carried(cloud: Cloud, tenant: Tenant) -> None:
    tenant.network = tenant.make_network(provider_network_type="local")
    tenant.vm("one")


@pytest.mark.parametrize(
    "segment",
    [
        {"provider_network_type": "vlan", "provider_physical_network": "physnet1"},
        {"provider_network_type": "flat", "provider_physical_network": "physnet1"},
    ],
    ids=lambda segment: segment["provider_network_type"],
)
def test_a_segment_that_cannot_be_carried_fails_the_binding_and_is_named(
    cloud: Cloud, tenant: Tenant, segment: dict[str, Any]
) -> None:
    tenant.network = tenant.make_network(**segment)
    port = cloud.nova.bind(tenant.port("one").id)
    assert port.binding_vif_type == "binding_failed"
    _assert_logged(cloud, port.id, segment["provider_network_type"])


def test_a_host_without_an_agent_fails_the_binding_and_is_named(
    cloud: Cloud, tenant: Tenant
) -> None:
    nowhere = Nova(cloud.api, "nowhere", cloud.hypervisor)
    port = nowhere.bind(tenant.port("one").id)
    assert port.binding_vif_type == "binding_failed"
    _assert_logged(cloud, port.id, "nowhere")


def test_a_port_that_moves_is_bound_anew(cloud: Cloud, tenant: Tenant) -> None:
    vm = tenant.vm("one")
    Nova(cloud.api, "nowhere", cloud.hypervisor).bind(vm.port_id)
    assert cloud.api.get_port(vm.port_id).status == "DOWN"
    cloud.nova.bind(vm.port_id)
    cloud.until_status(vm.port_id, "ACTIVE")


def test_the_agent_is_listed_with_its_version_and_settings(cloud: Cloud) -> None:
    listed = [agent for agent in cloud.api.agents() if agent.host == HOST]
    assert [agent.is_alive for agent in listed] == [True]
    assert listed[0].agent_type == "Damselfly agent"
    assert listed[0].binary == "damselfly-agent"
    told = listed[0].configuration
    assert told["bridge"] == cloud.hypervisor.bridge
    assert told["version"] == __version__


def _assert_logged(cloud: Cloud, *words: str) -> None:
    lines = cloud.neutron.workers[0].daemon.log.read_text().splitlines()
    assert [line for line in lines if all(word in line for word in words)]
