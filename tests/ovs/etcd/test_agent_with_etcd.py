"""A real agent on a real switch with a real etcd: what etcd suffers, no connection notices."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.daemon import wait_until
from lab.etcd import Cluster
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from tests.ovs.host import POLICY, Host

pytestmark = pytest.mark.ovs
CLOSED = POLICY.replace("_min: 80, port_range_max: 80", "_min: 81, port_range_max: 81")
OTHER = """
networks: [{name: far, subnets: [{cidr: 10.0.0.0/24}]}]
security_groups: [{name: shop, rules: [{direction: ingress, remote_group_id: shop}]}]
ports:
  - {name: three, network_id: far, mac_address: 02:00:00:00:00:01, fixed_ips: [10.0.0.1],
     security_groups: [shop]}
"""


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def host(hypervisor: Hypervisor, etcd: Cluster) -> Iterator[Host]:
    made = Host(hypervisor, f"{etcd.url}/cloud?timeout=1")
    made.agent.start()
    try:
        wait_until(lambda: bool(overview(made)), 20, "the agent's first word")
        made.apply()
        yield made
    finally:
        made.agent.stop()


def overview(host: Host) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = host.data("status", "--all")
    return [each for each in listed if each["state"] == "live"]


def web(host: Host, port: int = 80) -> bool:
    return reaches(Probe(host.one, host.two.ipv4, "tcp", port))


def test_enforcement_goes_on_while_etcd_is_away_and_what_came_meanwhile_is_enforced(
    host: Host, etcd: Cluster
) -> None:
    assert web(host)
    assert not web(host, 81)
    etcd.kill(0)
    wait_until(lambda: "the last policy stays in force" in host.agent.tail(50), 30, "the log")
    assert web(host)
    assert not web(host, 81)
    assert not web(host, 82), "a connection that was never asked about is judged as before"
    assert host.damselfly("status", code=3)
    etcd.start(0)
    host.apply(CLOSED)
    assert web(host, 81)
    assert not web(host)
    (line,) = overview(host)
    assert (line["lag"], line["active"], line["problems"]) == (0, 2, 0)


def test_a_restored_snapshot_is_the_policy_again(host: Host, etcd: Cluster, tmp_path: Path) -> None:
    assert web(host)
    etcd.snapshot(tmp_path / "snapshot")
    host.apply(CLOSED)
    assert not web(host)
    etcd.restore(tmp_path / "snapshot")
    wait_until(lambda: web(host), 60, "the older policy")
    assert not web(host, 81)
    host.apply(CLOSED)
    assert web(host, 81)


def test_one_agent_alone_goes_by_a_hosts_name(host: Host) -> None:
    second = subprocess.run(
        host.agent.command, capture_output=True, text=True, timeout=30, check=False
    )
    assert second.returncode == 3
    assert "an agent of host 'h1' runs already: pid" in second.stderr
    assert "Traceback" not in second.stderr
    assert [line["state"] for line in overview(host)] == ["live"]
    assert web(host)
    before = host.data("host", "list")[0]["pid"]
    host.agent.kill()
    host.agent.start()
    began = time.monotonic()
    host.apply(CLOSED)
    assert time.monotonic() - began < 8, "the lease of the killed one has not run out by then"
    assert host.data("host", "list")[0]["pid"] != before
    assert web(host, 81)
    assert "lives" in host.damselfly("host", "remove", "h1", code=2)
    host.agent.stop()
    assert [one["state"] for one in host.data("status", "--all")] == ["stopped"]
    host.damselfly("host", "remove", "h1")
    assert host.data("status", "--all") == []
    assert web(host, 81), "its flows stay"


def test_what_concerns_other_hosts_only_is_confirmed_and_changes_no_flow(host: Host) -> None:
    assert web(host)
    before = host.hypervisor.ofctl("dump-flows", "--no-stats")
    host.apply(OTHER)
    (line,) = overview(host)
    assert (line["lag"], line["active"]) == (0, 2)
    assert host.hypervisor.ofctl("dump-flows", "--no-stats") == before
    assert host.data("verify")["switches"][0]["missing"] == []
