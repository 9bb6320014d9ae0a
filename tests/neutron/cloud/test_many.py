"""Many things at once: rules in one call, and two API workers on one group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from bench.cloud import Cloud
from damselfly.northbound import keys
from lab.neutron.nova import connect
from lab.traffic import Probe, reach
from tests.neutron.cloud.tenant import Tenant

pytestmark = [pytest.mark.ovs, pytest.mark.timeout(300)]

HUNDRED = 100
"""Neutron itself takes time that grows with the square; `make bench-neutron` has a thousand."""
AT_ONCE = 12


def test_a_hundred_rules_of_one_call_are_enforced(cloud: Cloud, tenant: Tenant) -> None:
    group = tenant.group()
    made = tenant.api.create_security_group_rules(
        [_rule(group, port) for port in range(1, 2 * HUNDRED, 2)]
    )
    assert len(list(made)) == HUNDRED
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    cloud.enforced()
    expected = {
        Probe(source, target.ipv4, "tcp", port): port % 2 == 1 for port in (1, 2, 99, 100, 198, 199)
    }
    assert reach(expected) == expected
    assert len(cloud.stored(keys.rules_of(group.id))) == HUNDRED + 2


def test_two_workers_at_once_on_one_group_agree_in_the_end(cloud: Cloud, tenant: Tenant) -> None:
    group = tenant.group()
    apis = [connect(worker, project=tenant.project) for worker in cloud.neutron.workers]
    for number, api in enumerate(apis):  # Neutron's check of who owns a group starts up badly
        api.create_security_group_rule(**_rule(group, 500 + number))  # when asked twice at once.
    first = [tenant.rule(group, **_ports(port)) for port in range(1, AT_ONCE + 1)]

    def busy(number: int) -> None:
        api = apis[number % 2]
        api.create_security_group_rule(**_rule(group, 1000 + number))
        api.delete_security_group_rule(first[number])
        api.update_security_group(group, description=f"{number}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(busy, range(AT_ONCE)))
    rules = list(tenant.api.security_group_rules(security_group_id=group.id))
    assert {rule.port_range_min for rule in rules} == {
        None, 500, 501, *range(1000, 1000 + AT_ONCE)
    }  # fmt: skip
    assert cloud.stored(keys.rules_of(group.id)).keys() == {
        keys.rule(group.id, rule.id) for rule in rules
    }


def test_ports_of_one_group_made_by_two_workers_at_once_all_count(
    cloud: Cloud, tenant: Tenant
) -> None:
    group = tenant.group()
    apis = [connect(worker, project=tenant.project) for worker in cloud.neutron.workers]
    make = partial(_port, tenant.network.id, group.id)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ports = list(pool.map(make, [apis[n % 2] for n in range(AT_ONCE)]))
    assert cloud.stored(keys.members_of(group.id)).keys() == {
        keys.member(group.id, port.id) for port in ports
    }


def _port(network_id: str, group_id: str, api: Any) -> Any:
    return api.create_port(network_id=network_id, security_group_ids=[group_id])


def _rule(group: Any, port: int) -> dict[str, Any]:
    where = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv4"}
    return where | _ports(port)


def _ports(port: int) -> dict[str, Any]:
    return {"protocol": "tcp", "port_range_min": port, "port_range_max": port}
