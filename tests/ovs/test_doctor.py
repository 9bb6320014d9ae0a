"""The doctor on a host with a real Open vSwitch and an agent."""

from __future__ import annotations

from typing import Any

import pytest

from lab.daemon import wait_until
from tests.ovs.host import Host

pytestmark = pytest.mark.ovs


def examined(host: Host, code: int, *options: str) -> dict[str, Any]:
    said = host.data(
        "doctor", "--host", "h1", "--ovsdb", host.hypervisor.ovsdb, *options, code=code
    )
    return {check["what"]: check for check in said["checks"]}


def test_a_host_that_is_well_becomes_ill_piece_by_piece(host: Host) -> None:
    host.apply()
    well = examined(host, 0)
    assert {check["state"] for check in well.values()} == {"good"}, well
    host.hypervisor.vsctl("set-controller", "br-int", "tcp:127.0.0.1:6653")
    assert examined(host, 1)["controller"]["state"] == "bad"
    host.hypervisor.vsctl("del-controller", "br-int")
    absent = examined(host, 1, "--bridge", "br-none")
    assert "ovs-vsctl add-br br-none" in absent["database"]["advice"]
    host.agent.stop()
    host.hypervisor.vsctl("set", "bridge", "br-int", "fail_mode=standalone")
    ill = examined(host, 1)
    assert ill["agent"]["state"] == "bad"
    assert "stopped" in ill["agent"]["found"]
    assert ill["fail_mode"]["state"] == "doubtful"
    host.hypervisor.database.stop()
    wait_until(lambda: examined(host, 1)["database"]["state"] == "bad", 20, "the database's end")
