"""What a port may send and get, beside its groups."""

from __future__ import annotations

import pytest

from bench.cloud import Cloud
from lab.traffic import Probe, reaches
from lab.vm import VM
from tests.neutron.cloud.tenant import Tenant

pytestmark = pytest.mark.ovs


def test_a_port_without_groups_is_closed(cloud: Cloud, tenant: Tenant) -> None:
    first, second = tenant.vm("first"), tenant.vm("second")
    assert reaches(Probe(first, second.ipv4, "tcp", 80))
    tenant.api.update_port(second.port_id, security_group_ids=[])
    cloud.enforced()
    assert not reaches(Probe(first, second.ipv4, "tcp", 80))
    assert not reaches(Probe(second, first.ipv4, "tcp", 80))


def test_a_port_without_port_security_is_open_and_may_lie(cloud: Cloud, tenant: Tenant) -> None:
    first, second = tenant.vm("first"), tenant.vm("second", tenant.group())
    assert not reaches(Probe(first, second.ipv4, "tcp", 80))
    tenant.api.update_port(second.port_id, security_group_ids=[], port_security_enabled=False)
    cloud.enforced()
    assert reaches(Probe(first, second.ipv4, "tcp", 80))
    tenant.api.update_port(
        second.port_id, security_group_ids=[tenant.group().id], port_security_enabled=True
    )
    cloud.enforced()
    assert not reaches(Probe(first, second.ipv4, "tcp", 80))


def test_an_allowed_address_pair_may_be_used_and_nothing_beside_it(
    cloud: Cloud, tenant: Tenant
) -> None:
    first, second = tenant.vm("first"), tenant.vm("second")
    spare = f"10.7.{tenant.number}.250"
    _add_address(second, f"{spare}/24")
    probe = Probe(first, spare, "tcp", 80)
    assert not reaches(probe)
    tenant.api.update_port(second.port_id, allowed_address_pairs=[{"ip_address": spare}])
    cloud.enforced()
    _forget_neighbours(first)
    assert reaches(probe)
    tenant.api.update_port(second.port_id, allowed_address_pairs=[])
    cloud.enforced()
    assert not reaches(probe)


def test_an_address_pair_is_a_member_of_the_ports_groups(cloud: Cloud, tenant: Tenant) -> None:
    first, second = tenant.vm("first"), tenant.vm("second")
    spare = f"10.7.{tenant.number}.251"
    tenant.api.update_port(first.port_id, allowed_address_pairs=[{"ip_address": spare}])
    _add_address(first, f"{spare}/24")
    cloud.enforced()
    answered = first.run(["ping", "-c1", "-W2", "-I", spare, second.ipv4], check=False)
    assert answered.returncode == 0


def test_a_port_that_changes_its_address_must_use_the_new_one(cloud: Cloud, tenant: Tenant) -> None:
    first, second = tenant.vm("first"), tenant.vm("second")
    subnet = next(iter(tenant.api.subnets(network_id=tenant.network.id, ip_version=4)))
    moved = f"10.7.{tenant.number}.252"
    tenant.api.update_port(
        second.port_id, fixed_ips=[{"subnet_id": subnet.id, "ip_address": moved}]
    )
    cloud.enforced()
    assert not reaches(Probe(first, second.ipv4, "tcp", 80))
    _add_address(second, f"{moved}/24")
    assert reaches(Probe(first, moved, "tcp", 80))


def test_networks_never_meet(tenant: Tenant) -> None:
    """Both have the same prefixes."""
    mine = tenant.vm("mine", fixed_ips=[{"ip_address": f"10.7.{tenant.number}.10"}])
    tenant.network = tenant.make_network()
    theirs = tenant.vm("theirs", fixed_ips=[{"ip_address": f"10.7.{tenant.number}.20"}])
    assert not reaches(Probe(mine, theirs.ipv4, "tcp", 80))


def _add_address(vm: VM, address: str) -> None:
    vm.namespace.ip(f"addr add {address} dev eth0")


def _forget_neighbours(vm: VM) -> None:
    vm.namespace.ip("neigh flush dev eth0")
