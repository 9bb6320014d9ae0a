"""A real Neutron whose requests fail at every step: afterwards it and the store say the same."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import openstack
import pytest
import requests
from keystoneauth1.exceptions import ClientException

from damselfly.northbound.opening import open_store
from lab import sandbox
from lab.daemon import Daemon, wait_until
from lab.neutron.environment import program
from lab.neutron.nova import connect
from lab.neutron.server import Neutron
from tests.neutron_driver.agreement import apart

pytestmark = pytest.mark.ovs

STEPS = (
    ("RevisionJournal.note_new", "after", "fail"),
    ("RevisionJournal.note", "after", "fail"),
    ("Requests.write", "before", "die"),
    ("RevisionJournal.noted", "after", "die"),
    ("StoreClient.read", "after", "die"),
    ("NeutronSource.read", "after", "die"),
    ("StoreClient.commit", "after", "die"),
    ("RevisionJournal.settle", "after", "die"),
)
"""Within its transaction a request fails; between two it ends without a word."""
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Whether every request fails at every step, not just each at one."""
_CUT_OFF = (openstack.exceptions.SDKException, ClientException, requests.RequestException)
_SETTINGS = {"store_rest": 0, "repair_interval": 0.3, "check_interval": 1, "lease": 1}


class FaultyCloud:
    """A Neutron without hosts, one of whose API workers fails as told."""

    def __init__(self) -> None:
        self.url = f"sqlite:///{sandbox.STATE}/faulty.db"
        told = {"ml2_damselfly": {"connection": self.url, **_SETTINGS}}
        self.neutron = Neutron(["damselfly"], told)
        worker = self.neutron.workers[0]
        words = ["-m", "tests.neutron_driver.faulty", str(self.neutron.file), str(worker.port), "4"]
        log = self.neutron.directory / "faulty.log"
        worker.daemon = Daemon([program("python"), *words], log)
        self.fault = Path(self.neutron.directory, "fault")

    def fail(self, step: str, when: str, how: str) -> None:
        self.fault.write_text(json.dumps({"step": step, "when": when, "how": how}))

    def work(self) -> None:
        self.fault.unlink()

    def stored(self) -> dict[str, bytes]:
        return asyncio.run(self._stored())

    async def _stored(self) -> dict[str, bytes]:
        store = open_store(self.url)
        try:
            return dict((await store.read()).objects)
        finally:
            await store.close()

    def until_same(self, api: Any) -> None:
        wait_until(lambda: not apart(api, self.stored()), 30, "the repair")


@pytest.fixture(scope="module")
def cloud() -> Iterator[FaultyCloud]:
    made = FaultyCloud()
    with made.neutron:
        yield made


def attempts(api: Any) -> Iterator[Any]:
    """Yield one request of each kind, ready to be made."""
    network = api.create_network(name="n")
    subnet = api.create_subnet(network_id=network.id, ip_version=4, cidr="10.0.0.0/24")
    group, friends = api.create_security_group(name="g"), api.create_security_group(name="f")
    rule = api.create_security_group_rule(security_group_id=group.id, direction="ingress")
    naming = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv6"}
    api.create_security_group_rule(**naming, remote_group_id=friends.id)
    port, doomed = (api.create_port(network_id=network.id) for _ in range(2))
    listed = api.create_address_group(name="a", addresses=["10.0.0.0/8"])
    router = api.create_router(name="r")
    yield lambda: api.create_network(name="late")
    yield lambda: api.update_subnet(subnet, dns_nameservers=["9.9.9.9"])
    yield lambda: api.create_security_group(name="late")
    yield lambda: api.update_security_group(group, name="renamed")
    yield lambda: api.create_security_group_rule(**naming, protocol="tcp")
    yield lambda: api.delete_security_group_rule(rule)
    yield lambda: api.delete_security_group(friends)
    yield lambda: api.create_port(network_id=network.id, security_group_ids=[group.id])
    yield lambda: api.update_port(port, security_group_ids=[group.id], name="renamed")
    yield lambda: api.delete_port(doomed)
    yield lambda: api.add_addresses_to_address_group(listed, ["192.0.2.1/32"])
    yield lambda: api.create_address_group(name="late", addresses=["10.0.0.0/8"])
    yield lambda: api.add_interface_to_router(router, subnet_id=subnet.id)
    yield lambda: api.delete_address_group(api.create_address_group(name="brief"))


@pytest.mark.parametrize("turn", range(len(STEPS) if DEEP else 1))
def test_after_a_fault_at_any_step_both_say_the_same(cloud: FaultyCloud, turn: int) -> None:
    api = connect(cloud.neutron.workers[0])
    steps = itertools.islice(itertools.cycle(STEPS), turn, None)
    for attempt, (step, when, how) in zip(attempts(api), steps, strict=False):
        cloud.fail(step, when, how)
        with suppress(*_CUT_OFF):
            attempt()
        cloud.work()
    cloud.until_same(api)


def test_after_a_worker_was_killed_in_a_request_both_say_the_same(cloud: FaultyCloud) -> None:
    worker = cloud.neutron.workers[0]
    api = connect(worker)
    group = api.create_security_group(name="killed")
    cloud.fail("StoreClient.commit", "before", "exit")
    with suppress(*_CUT_OFF):
        api.delete_security_group(group)
    cloud.work()
    worker.start()
    cloud.until_same(api)


@pytest.mark.parametrize("step", ["StoreClient.read", "StoreClient.commit"])
def test_a_store_that_fails_fails_no_request(cloud: FaultyCloud, step: str) -> None:
    api = connect(cloud.neutron.workers[0])
    for attempt in attempts(api):
        cloud.fail(step, "after", "store")
        try:
            attempt()
        finally:
            cloud.work()
    cloud.until_same(api)


def test_without_the_process_for_it_an_api_worker_is_on_duty(cloud: FaultyCloud) -> None:
    cloud.neutron.maintenance.stop()
    try:
        api = connect(cloud.neutron.workers[0])
        cloud.fail("StoreClient.commit", "before", "die")
        with suppress(*_CUT_OFF):
            api.create_security_group(name="late")
        cloud.work()
        cloud.until_same(api)
    finally:
        cloud.neutron.maintenance.start()
