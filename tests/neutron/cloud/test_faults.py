"""The store, a worker or the agent fails; in the end Neutron and the store say the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import openstack.exceptions
import pytest
import requests

from bench.cloud import HOST, Cloud
from lab.daemon import wait_until
from lab.neutron.nova import connect
from lab.traffic import Probe, reaches
from tests.neutron.cloud.same import in_neutron, in_store, until_same
from tests.neutron.cloud.tenant import Tenant

pytestmark = [pytest.mark.ovs, pytest.mark.timeout(300)]

HTTP = {"protocol": "tcp", "port_range_min": 80, "port_range_max": 80}


@contextmanager
def store_down(cloud: Cloud) -> Iterator[None]:
    """Take the store away, files and all, and bring it back as it was."""
    away = cloud.directory.with_name("away")
    cloud.directory.rename(away)
    try:
        yield
    finally:
        away.rename(cloud.directory)


def test_what_is_created_while_the_store_is_down_is_enforced_later(
    cloud: Cloud, tenant: Tenant
) -> None:
    group = tenant.group()
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    with store_down(cloud):
        tenant.rule(group, **HTTP)
        tenant.port("late")
        assert not reaches(Probe(source, target.ipv4, "tcp", 80))
    until_same(cloud)
    cloud.enforced()
    assert reaches(Probe(source, target.ipv4, "tcp", 80))


def test_what_is_changed_while_the_store_is_down_is_enforced_later(
    cloud: Cloud, tenant: Tenant
) -> None:
    group = tenant.group(HTTP)
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    probe = Probe(source, target.ipv4, "tcp", 80)
    assert reaches(probe)
    with store_down(cloud):
        tenant.api.update_port(target.port_id, security_group_ids=[])
    wait_until(lambda: not reaches(probe, 0.3), 60, "the repair")
    until_same(cloud)


def test_what_is_deleted_while_the_store_is_down_is_gone_later(
    cloud: Cloud, tenant: Tenant
) -> None:
    group, unused = tenant.group(), tenant.group()
    rule = tenant.rule(group, **HTTP)
    source, target = tenant.vm("source", tenant.group()), tenant.vm("target", group)
    port, listed = tenant.port("one"), tenant.api.create_address_group(name="listed")
    with store_down(cloud):
        tenant.api.delete_security_group_rule(rule)
        tenant.api.delete_security_group(unused)
        tenant.api.delete_port(port)
        tenant.api.delete_address_group(listed)
    until_same(cloud)
    cloud.enforced()
    assert not reaches(Probe(source, target.ipv4, "tcp", 80))


def test_a_worker_killed_in_the_middle_of_requests_leaves_nothing_that_stays_different(
    cloud: Cloud, tenant: Tenant
) -> None:
    group, worker = tenant.group(), cloud.neutron.workers[1]
    api = connect(worker, project=tenant.project)

    def busy(number: int) -> None:
        with suppress(openstack.exceptions.SDKException, requests.RequestException):
            api.create_port(network_id=tenant.network.id, security_group_ids=[group.id])
            _rule(api, group, number)

    try:
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(busy, number) for number in range(1, 40)]
            done[3].result()
            worker.kill()
    finally:
        worker.start()
    until_same(cloud)


def test_a_dead_agent_is_shown_dead_and_its_host_gets_no_port(cloud: Cloud, tenant: Tenant) -> None:
    cloud.agent.kill()
    try:
        wait_until(lambda: not _agent(cloud).is_alive, 60, "the agent's end in the list")
        assert cloud.nova.bind(tenant.port("one").id).binding_vif_type == "binding_failed"
    finally:
        cloud.agent.start()
    wait_until(lambda: _agent(cloud).is_alive, 60, "the agent's return in the list")
    tenant.vm("two")


def test_the_report_is_silent_where_there_is_no_difference(cloud: Cloud) -> None:
    assert in_neutron(cloud) == in_store(cloud)
    cloud.neutron.tool("damselfly-neutron-sync", "--mode", "report")


def _agent(cloud: Cloud) -> Any:
    return next(agent for agent in cloud.api.agents() if agent.host == HOST)


def _rule(api: Any, group: Any, port: int) -> None:
    api.create_security_group_rule(
        security_group_id=group.id, direction="ingress", ethertype="IPv4",
        protocol="tcp", port_range_min=port, port_range_max=port,
    )  # fmt: skip
