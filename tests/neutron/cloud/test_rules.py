"""What is asked of Neutron is what packets obey."""

from __future__ import annotations

import pytest
from openstack.exceptions import BadRequestException

from bench.cloud import Cloud
from lab.traffic import Probe, reach, reaches
from lab.vm import VM
from tests.neutron.cloud.tenant import ECHO, FAMILIES, Tenant

pytestmark = pytest.mark.ovs

HTTP = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80}


def both(vm: VM) -> tuple[str, str]:
    return vm.ipv4, vm.ipv6


def test_the_default_group_admits_its_members_only(tenant: Tenant) -> None:
    first, second = tenant.vm("first"), tenant.vm("second")
    outsider = tenant.vm("outsider", tenant.group())
    expected = {
        Probe(source, address, "tcp", 4711): source is not outsider
        for source, target in ((first, second), (second, first), (outsider, first))
        for address in both(target)
    }
    assert reach(expected) == expected


def test_a_rule_admits_what_it_says_and_nothing_else(tenant: Tenant) -> None:
    group = tenant.group(
        HTTP,
        HTTP | {"ethertype": "IPv6", "port_range_max": 89},
        {"protocol": "icmp", "port_range_min": ECHO["IPv4"]},
        {"protocol": "icmpv6", "port_range_min": ECHO["IPv6"], "ethertype": "IPv6"},
        {"protocol": "17", "port_range_min": 53, "port_range_max": 53},
    )
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    expected = {
        Probe(source, target.ipv4, "tcp", 80): True,
        Probe(source, target.ipv4, "tcp", 81): False,
        Probe(source, target.ipv6, "tcp", 89): True,
        Probe(source, target.ipv6, "tcp", 90): False,
        Probe(source, target.ipv4, "icmp"): True,
        Probe(source, target.ipv6, "icmp"): True,
        Probe(source, target.ipv4, "udp", 53): True,
        Probe(source, target.ipv4, "udp", 54): False,
        Probe(source, target.ipv6, "udp", 53): False,
        Probe(target, source.ipv4, "icmp"): False,
    }
    assert reach(expected) == expected


def test_a_deleted_rule_and_a_deleted_group_admit_nothing_any_more(
    cloud: Cloud, tenant: Tenant
) -> None:
    friends, group = tenant.group(), tenant.group()
    rule = tenant.rule(group, **HTTP)
    tenant.rule(group, remote_group_id=friends.id)
    friend, target = tenant.vm("friend", friends), tenant.vm("target", group)
    http, other = Probe(friend, target.ipv4, "tcp", 80), Probe(friend, target.ipv4, "tcp", 81)
    assert reach([http, other]) == {http: True, other: True}
    tenant.api.update_port(friend.port_id, security_group_ids=[tenant.group().id])
    cloud.enforced()
    assert reach([http, other]) == {http: True, other: False}
    tenant.api.update_port(friend.port_id, security_group_ids=[friends.id])
    tenant.api.delete_security_group_rule(rule)
    cloud.enforced()
    assert reach([http, other]) == {http: True, other: True}
    tenant.api.update_port(friend.port_id, security_group_ids=[tenant.group().id])
    tenant.api.delete_security_group(friends)
    cloud.enforced()
    assert reach([http, other]) == {http: False, other: False}
    left = {rule.direction for rule in tenant.api.security_group_rules(security_group_id=group.id)}
    assert left == {"egress"}
    assert not [key for key in cloud.stored("/rule/") if friends.id in key]


@pytest.mark.parametrize("protocol", ["dccp", "136"])
def test_a_rule_that_no_switch_can_keep_is_refused_with_the_reason(
    tenant: Tenant, protocol: str
) -> None:
    group = tenant.group()
    with pytest.raises(BadRequestException, match="by port"):
        tenant.rule(group, protocol=protocol, port_range_min=80, port_range_max=80)
    tenant.rule(group, protocol=protocol)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_address_group_admits_whom_it_lists_now(
    cloud: Cloud, tenant: Tenant, family: str
) -> None:
    group = tenant.group()
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    mine = f"{getattr(source, family)}/{32 if family == 'ipv4' else 128}"
    listed = tenant.api.create_address_group(name="listed", addresses=["198.51.100.0/24"])
    ethertype = "IPv4" if family == "ipv4" else "IPv6"
    tenant.rule(group, ethertype=ethertype, remote_address_group_id=listed.id)
    probe = Probe(source, getattr(target, family), "tcp", 80)
    cloud.enforced()
    assert not reaches(probe)
    tenant.api.add_addresses_to_address_group(listed, [mine])
    cloud.enforced()
    assert reaches(probe)
    tenant.api.remove_addresses_from_address_group(listed, [mine])
    cloud.enforced()
    assert not reaches(probe)


def test_a_prefix_counts_as_the_network_that_it_names(cloud: Cloud, tenant: Tenant) -> None:
    """Neutron keeps ``remote_ip_prefix`` as written, host bits and all."""
    group = tenant.group()
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    rule = tenant.rule(group, remote_ip_prefix=f"{source.ipv4}/24")
    cloud.enforced()
    assert reaches(Probe(source, target.ipv4, "tcp", 80))
    assert rule.normalized_cidr == f"10.7.{tenant.number}.0/24"


def test_a_stateless_group_admits_each_direction_by_itself(cloud: Cloud, tenant: Tenant) -> None:
    group = tenant.group(HTTP, stateful=False)
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    probe = Probe(source, target.ipv4, "tcp", 80)
    assert reaches(probe)
    for rule in tenant.api.security_group_rules(security_group_id=group.id, direction="egress"):
        tenant.api.delete_security_group_rule(rule)
    cloud.enforced()
    assert not reaches(probe)


def test_a_group_shared_by_another_project_counts_like_ones_own(
    cloud: Cloud, tenant: Tenant
) -> None:
    group = tenant.group(HTTP)
    target = tenant.vm("target", group)
    with Tenant(cloud) as guest:
        tenant.api.create_rbac_policy(
            object_type="security_group", object_id=group.id,
            action="access_as_shared", target_project_id=guest.project,
        )  # fmt: skip
        theirs, caller = guest.vm("theirs", group), guest.vm("caller", guest.group())
        expected = {
            Probe(caller, theirs.ipv4, "tcp", 80): True,
            Probe(caller, theirs.ipv4, "tcp", 81): False,
        }
        assert reach(expected) == expected
    assert cloud.status(target.port_id) == "ACTIVE"
