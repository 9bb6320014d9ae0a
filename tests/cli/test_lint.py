"""``damselfly lint``: on the store, and on files that are not applied yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import EXAMPLE, Damselfly

RULES = """
security_groups:
  - name: careless
    rules:
      - {id: ssh, direction: ingress, protocol: tcp, port_range_min: 22, port_range_max: 22}
      - {id: wide, direction: ingress, protocol: udp, port_range_min: 1000, port_range_max: 1009}
      - {id: narrow, direction: ingress, protocol: udp, port_range_min: 1005, port_range_max: 1005}
      - {id: idle, direction: ingress, remote_group_id: careless}
"""


@pytest.fixture
def careless(tmp_path: Path) -> Path:
    file = tmp_path / "careless.yaml"
    file.write_text(RULES)
    return file


def test_the_example_leaves_nothing_to_say(shop: Damselfly) -> None:
    assert shop("lint") == (0, "nothing to say\n", "")


def test_what_is_doubtful_is_said_with_an_exit_code(shop: Damselfly, careless: Path) -> None:
    assert shop("apply", careless).code == 0
    answer = shop("lint", "-o", "json")
    assert answer.code == 1
    assert {one["rule"]: one["finding"] for one in answer.data["findings"]} == {
        "ssh": "open",
        "narrow": "shadowed",
        "idle": "nothing",
    }
    assert "opens SSH (tcp 22) to 0.0.0.0/0" in shop("lint").out


def test_a_file_is_looked_at_before_it_is_applied(shop: Damselfly, careless: Path) -> None:
    assert shop("lint", careless).code == 1
    assert shop("lint").code == 0, "nothing was written"


def test_a_file_needs_no_store(damselfly: Damselfly, careless: Path) -> None:
    assert damselfly("lint", careless).code == 1
    assert damselfly("lint", EXAMPLE).code == 0
    assert damselfly("lint").code == 3


def test_of_the_store_only_what_the_file_causes_is_said(
    shop: Damselfly, careless: Path, tmp_path: Path
) -> None:
    assert shop("apply", careless).code == 0
    assert shop("lint", EXAMPLE).code == 0
    file = tmp_path / "moved.yaml"
    text = EXAMPLE.read_text().replace("security_groups: [bastion]", "security_groups: [guest]")
    file.write_text(text[text.index("\nports:") :])
    answer = shop("lint", file, "-o", "json")
    assert answer.code == 1
    assert {one["finding"] for one in answer.data["findings"]} == {"nothing"}
    assert "careless" not in {one["security_group_id"] for one in answer.data["findings"]}


def test_what_is_meant_can_be_ignored(damselfly: Damselfly, careless: Path) -> None:
    answer = damselfly("lint", careless, "--ignore", "ssh", "--ignore", "nothing", "-o", "json")
    assert [one["rule"] for one in answer.data["findings"]] == ["narrow"]
    ignored = [word for rule in ("ssh", "narrow", "idle") for word in ("--ignore", rule)]
    assert damselfly("lint", careless, *ignored).code == 0


def test_a_file_with_mistakes_is_refused(damselfly: Damselfly, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("ports: [{}]")
    assert damselfly("lint", file).code == 2
