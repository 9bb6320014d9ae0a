"""What is installed beside the program: units, settings, the agent's user."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from damselfly.cli.commands.agent import read_config
from damselfly.config import Config

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "packaging" / "systemd" / "damselfly-agent.service"
DROP_INS = [*ROOT.glob("packaging/systemd/ov*.service.d/damselfly.conf")]
USER = "damselfly"


def unit() -> dict[str, list[str]]:
    """Return the settings of the unit's service, each with all that it is set to."""
    found: dict[str, list[str]] = {}
    section = UNIT.read_text().split("[Service]")[1].split("[Install]")[0]
    for line in section.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def exposure() -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"Overall exposure level.*: ([0-9.]+)", done.stdout)
    assert found is not None
    return float(found.group(1))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's programs")
def test_the_unit_is_as_little_exposed_as_the_documents_say() -> None:
    told = re.search(
        r"exposure ([0-9.]+)\*\* \(systemd (\d+)", (ROOT / "docs/security.md").read_text()
    )
    assert told is not None
    version = subprocess.run(
        ["systemd-analyze", "--version"], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    # Other versions weigh other things.
    assert exposure() == float(told[1]) if version == told[2] else exposure() <= 1.5


def test_the_agent_runs_as_nobody_and_may_nothing() -> None:
    service = unit()
    assert service["User"] == service["Group"] == [USER]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == [""]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["UMask"] == ["0077"]


def test_the_daemons_of_open_vswitch_get_the_agents_group() -> None:
    assert {path.parent.name for path in DROP_INS} == {
        "ovs-vswitchd.service.d",
        "ovsdb-server.service.d",
    }
    for path in DROP_INS:
        parser = configparser.ConfigParser()
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        parser.read_string(path.read_text())
        assert dict(parser["Service"]) == {"Group": unit()["Group"][0], "UMask": "0007"}


def test_the_watchdog_is_fed_more_often_than_it_bites() -> None:
    assert unit()["Type"] == ["notify"]
    assert int(unit()["WatchdogSec"][0]) >= 10


def test_the_settings_that_are_installed_are_read() -> None:
    config = read_config(str(ROOT / "packaging" / "agent.toml"))
    assert config.metrics != "off"
    assert config.store == Config().store
    assert unit()["StateDirectory"] == [Path(config.store.removeprefix("sqlite:///")).parent.name]


def test_the_user_is_made_by_sysusers() -> None:
    lines = (ROOT / "packaging" / "systemd" / "damselfly.sysusers").read_text().splitlines()
    assert [line.split()[:2] for line in lines if not line.startswith("#")] == [["u", USER]]
