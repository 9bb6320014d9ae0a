"""A good manifest, and what is said of bad ones."""

from __future__ import annotations

import pytest

from damselfly.northbound.manifest import BadManifest, Problem, plan, read
from damselfly.northbound.store import Contents

NOTHING = Contents(0, {})

GOOD = """\
networks:
  - name: net
    subnets: [{cidr: 10.0.0.0/24}, {cidr: "fd00::/64"}]
security_groups:
  - name: web
    rules: []
  - name: loose
    stateful: false
ports:
  - name: one
    network_id: net
    mac_address: 02:00:00:00:00:01
    fixed_ips: [10.0.0.4, "fd00::4"]
    security_groups: [web]
"""


def problems(*texts: str | bytes) -> list[Problem]:
    contents = [text if isinstance(text, bytes) else text.encode() for text in texts]
    sources = [(f"{number}.yaml", content) for number, content in enumerate(contents, 1)]
    with pytest.raises(BadManifest) as caught:
        plan(read(sources), NOTHING)
    return list(caught.value.problems)


def only_problem(text: str | bytes) -> Problem:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]
