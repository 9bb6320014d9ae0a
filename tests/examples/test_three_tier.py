"""The three-tier example means what the table beside it says, written by hand."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml

from damselfly.model.address import FAMILIES, Family
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, UDP
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.manifest import plan, read
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Contents
from damselfly.policy.decision import decide

EXAMPLE = Path("examples/three-tier.yaml")
EXPECTED: dict[str, Any] = yaml.safe_load(Path("examples/three-tier-expected.yaml").read_text())
MACHINES = list(EXPECTED["IPv4"])


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    made = plan(read([(str(EXAMPLE), EXAMPLE.read_bytes())]), Contents(0, {}))
    objects = {change.key: change.value for change in made.changes if change.value is not None}
    return PolicyReader(Contents(1, objects)).snapshot


def packet(snapshot: Snapshot, source: str, target: str, family: Family, service: str) -> Packet:
    sender, receiver = (
        next(snapshot.ports[name].prefixes(family)).value for name in (source, target)
    )
    protocol, _, number = service.partition("/")
    if protocol == "icmp":
        echo_request = 8 if family.version == 4 else 128
        return Packet(family, family.icmp, sender, receiver, echo_request, 0)
    return Packet(family, {"tcp": TCP, "udp": UDP}[protocol], sender, receiver, 40_000, int(number))


def reaches(snapshot: Snapshot, source: str, target: str, opening: Packet) -> bool:
    ends = ((source, Direction.EGRESS), (target, Direction.INGRESS))
    return all(
        decide(snapshot, snapshot.ports[name], direction, opening).allowed
        for name, direction in ends
    )


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize(("source", "target"), list(permutations(MACHINES, 2)))
def test_every_cell_is_as_written(
    snapshot: Snapshot, source: str, target: str, family: Family
) -> None:
    expected = set(EXPECTED[family.name][source][target].split()) - {"-"}
    seen = {
        name
        for name, service in EXPECTED["services"].items()
        if reaches(snapshot, source, target, packet(snapshot, source, target, family, service))
    }
    assert seen == expected


def test_the_table_has_a_cell_for_every_two_machines(snapshot: Snapshot) -> None:
    assert set(MACHINES) == set(snapshot.ports)
    for family in ("IPv4", "IPv6"):
        table = EXPECTED[family]
        assert {(a, b) for a in table for b in table[a]} == set(permutations(MACHINES, 2))
