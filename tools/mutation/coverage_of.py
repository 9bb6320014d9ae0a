"""Which tests reach which line, and how long each takes: measured once, before anything changes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

Reach = dict[str, dict[int, list[str]]]
"""Tests by file and line, the quickest first."""


def reach(target: str, tests: Sequence[str]) -> tuple[Reach, dict[str, float]]:
    """Run the tests under coverage; return who reaches what, and each test's seconds."""
    with tempfile.TemporaryDirectory() as directory:
        data, report = Path(directory, "data"), Path(directory, "report")
        times = Path(directory, "times.xml")
        _python(
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, f"--junitxml={times}"),
            *("--override-ini=junit_family=xunit1", "--cov-context=test", "--cov-report="),
            "--cov=" + target.rstrip("/").removesuffix(".py").replace("/", "."),
            coverage_file=data,
        )
        _python(
            *("-m", "coverage", "json", "-q", "--show-contexts", "-o", str(report)),
            coverage_file=data,
        )
        seconds = _seconds(times)
        return _by_line(json.loads(report.read_text()), seconds), seconds


def _python(*arguments: str, coverage_file: Path) -> None:
    environment = os.environ | {"COVERAGE_FILE": str(coverage_file)}
    subprocess.run([sys.executable, *arguments], check=True, env=environment)


def _seconds(times: Path) -> dict[str, float]:
    """Return how long each test took, all cases of a parametrised one together."""
    found: dict[str, float] = defaultdict(float)
    for case in ET.parse(times).iter("testcase"):  # noqa: S314
        name = case.attrib["name"].partition("[")[0]
        found[f"{case.attrib['file']}::{name}"] += float(case.attrib["time"])
    return found


def _by_line(
    report: dict[str, dict[str, dict[str, dict[str, list[str]]]]], seconds: dict[str, float]
) -> Reach:
    found: Reach = {}
    for path, measured in report["files"].items():
        lines = found[path] = {}
        for line, contexts in measured["contexts"].items():
            names = {each.partition("|")[0].partition("[")[0] for each in contexts}
            lines[int(line)] = sorted(names & seconds.keys(), key=seconds.__getitem__)
    return found
