"""The agent needs no root and no capability: a group that owns Open vSwitch's sockets is enough.

The daemons run as the drop-ins in packaging/systemd have them run: with the agent's group and a
umask that leaves the group its rights.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from damselfly.northbound.opening import open_store
from lab.daemon import Daemon, wait_until
from lab.hypervisor import Hypervisor
from lab.traffic import Probe, reaches
from tests.ovs.host import Host

pytestmark = pytest.mark.ovs
USER, GROUP = 64055, 64056
WATCHDOG = {"WATCHDOG_USEC": "200000"}
"""Microseconds within which the agent must give a sign of life."""


@contextmanager
def as_the_drop_ins_say() -> Iterator[None]:
    """Start daemons as root with the agent's group."""
    mask = os.umask(0o007)
    os.setegid(GROUP)
    try:
        yield
    finally:
        os.setegid(0)
        os.umask(mask)


@contextmanager
def hypervisor_of_the_group() -> Iterator[Hypervisor]:
    with as_the_drop_ins_say():
        made = Hypervisor()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Host]:
    """A host whose agent is nobody in particular."""
    with hypervisor_of_the_group() as hypervisor:
        made = Host(hypervisor)
        state = hypervisor.rundir / "state"
        state.mkdir(mode=0o700)
        os.chown(state, USER, GROUP)
        store = f"sqlite:///{state}/policy.db"
        made.environment |= {"DAMSELFLY_STORE": store}
        settings: dict[str, str | float] = {"store": store, "ovsdb": hypervisor.ovsdb}
        settings |= {"host": "h1", "status_interval": 0.3, "metrics": "127.0.0.1:0"}
        words = [sys.executable, "-m", "tests.ovs.unprivileged", str(USER), str(GROUP)]
        environment = os.environ | {"NOTIFY_SOCKET": str(state / "notify"), **WATCHDOG}
        command = [*words, json.dumps(settings)]
        made.agent = Daemon(command, hypervisor.rundir / "agent.log", environment)
        # As root, before the agent's first start: the file must be the agent's all the same.
        open_store(store)
        made.agent.start()
        try:
            wait_until(lambda: bool(made.data("status")["agents"]), 20, "the agent")
            yield made
        finally:
            made.agent.stop()


def works(host: Host) -> bool:
    to = "10.0.0.2"
    return reaches(Probe(host.one, to, "tcp", 80)) and not reaches(Probe(host.one, to, "tcp", 81))


def test_an_agent_without_privileges_enforces_and_goes_on_when_open_vswitch_restarts(
    lonely: Host,
) -> None:
    lonely.apply()
    status = Path(f"/proc/{lonely.agent.pid}/status").read_text().splitlines()
    said = dict(line.split(":\t", 1) for line in status if ":\t" in line)
    assert said["Uid"].split() == [str(USER)] * 4
    assert said["Gid"].split() == [str(GROUP)] * 4
    assert int(said["CapEff"], 16) == int(said["CapPrm"], 16) == 0
    assert said["NoNewPrivs"] == "1"
    assert works(lonely)
    with as_the_drop_ins_say():
        lonely.hypervisor.restart_vswitchd()
    wait_until(lambda: works(lonely), 20, "the restarted switch")
    with as_the_drop_ins_say():
        lonely.hypervisor.restart_database()
    wait_until(lambda: works(lonely), 20, "the restarted database")
    third = "  - {name: three, network_id: net, mac_address: 02:00:00:00:00:03}\n"
    lonely.apply((lonely.directory / "policy.yaml").read_text() + third)


def test_its_service_manager_hears_that_it_is_ready_lives_and_stops(lonely: Host) -> None:
    lonely.agent.stop()
    path = lonely.directory / "state" / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        os.chown(path, USER, GROUP)
        manager.settimeout(20)
        lonely.agent.start()
        assert manager.recv(100) == b"READY=1"
        assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        lonely.agent.stop()
        while (said := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert said == b"STOPPING=1"


def test_it_shows_its_figures_on_loopback(lonely: Host) -> None:
    lonely.apply()
    (port,) = re.findall(r"metrics are shown at 127.0.0.1:0, port (\d+)", lonely.agent.tail(200))
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    assert "damselfly_settled 1.0" in lines
    assert 'damselfly_ports{state="active"} 2.0' in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


def test_a_bridge_that_is_made_anew_is_the_groups_too(lonely: Host) -> None:
    lonely.apply()
    lonely.hypervisor.vsctl("add-br", "br-late", "--", "set", "bridge", "br-late",
                            "datapath_type=netdev")  # fmt: skip
    late = lonely.hypervisor.rundir / "br-late.mgmt"
    wait_until(late.exists, 10, "the bridge")
    assert (late.stat().st_gid, late.stat().st_mode & 0o777) == (GROUP, 0o770)


def test_an_agent_of_another_group_says_what_it_may_not(lonely: Host) -> None:
    settings = json.dumps({"store": "memory://", "ovsdb": lonely.hypervisor.ovsdb, "host": "h2"})
    done = subprocess.run(
        [sys.executable, "-m", "tests.ovs.unprivileged", str(USER), str(GROUP + 1), settings],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "ermission" in done.stderr
