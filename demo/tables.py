"""What stands in the switch, read with ovs-ofctl."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.verdicts import ALLOW_COOKIE, DENY_COOKIE

from .stage import Stage

_COUNTERS = re.compile(r"(duration|n_packets|n_bytes|idle_age|hard_age)=[^,]*, ")
_COOKIE = re.compile(r"cookie=0x([0-9a-f]+)")
_PACKETS = re.compile(r"n_packets=(\d+)")


class Verdicts(NamedTuple):
    """The verdict flows, as text, without their counters."""

    allow: list[str]
    deny: list[str]

    @property
    def total(self) -> int:
        """Return how many there are."""
        return len(self.allow) + len(self.deny)


def verdicts(stage: Stage) -> Verdicts:
    """Read the table of verdicts."""
    by_cookie: dict[int, list[str]] = {ALLOW_COOKIE: [], DENY_COOKIE: []}
    for line in stage.flows(Table.VERDICTS):
        if (cookie := _cookie(line)) in by_cookie:
            by_cookie[cookie].append(_COUNTERS.sub("", line))
    return Verdicts(by_cookie[ALLOW_COOKIE], by_cookie[DENY_COOKIE])


def ingress_security(stage: Stage) -> set[str]:
    """Read everything that guards what a VM may send, without counters."""
    lines = stage.flows(Table.INGRESS_SECURITY, Table.NEIGHBOUR_SECURITY)
    return {_COUNTERS.sub("", line) for line in lines}


def dropped(stage: Stage) -> Counter[int]:
    """Count the packets that the flows of each cookie have matched in ingress security."""
    stage.hypervisor.appctl("revalidator/wait")  # Brings the counters up to date.
    counted: Counter[int] = Counter()
    for line in stage.flows(Table.CLASSIFY, Table.INGRESS_SECURITY, Table.NEIGHBOUR_SECURITY):
        packets = _PACKETS.search(line)
        counted[_cookie(line)] += int(packets[1]) if packets else 0
    return counted


def _cookie(line: str) -> int:
    found = _COOKIE.search(line)
    return int(found[1], 16) if found else 0
