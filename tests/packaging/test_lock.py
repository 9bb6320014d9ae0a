"""What the agent is installed with is pinned, each file by its hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PINNED = re.compile(
    r"([A-Za-z0-9_.-]+)==([^ ;\\]+)(?: ;[^\\]*)? ?((?:\\\n *--hash=sha256:[0-9a-f]{64} ?)*)"
)


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return normal(found[0])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of each requirement."""
    text = (ROOT / "packaging" / "requirements.lock").read_text()
    found = {normal(m[1]): (m[2], m[3].count("sha256:")) for m in _PINNED.finditer(text)}
    assert len(found) == sum(not line.startswith((" ", "#")) for line in text.splitlines() if line)
    return found


def test_every_requirement_is_pinned_by_hashes() -> None:
    assert all(hashes >= 1 for _, hashes in locked().values())


def test_everything_that_the_agent_needs_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {*project["dependencies"], *project["optional-dependencies"]["etcd"]}
    assert {name_of(one) for one in needed} <= locked().keys()


def test_what_is_installed_is_what_was_tested() -> None:
    lines = (ROOT / "tools" / "constraints.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    versions = {normal(name): version for name, version in tested.items()}
    for name, (version, _) in locked().items():
        assert versions.get(name, version) == version, name
