"""Measure: ``python -m lab.sandbox python -m bench [NAME...] [--rounds N] [--record]``."""

from __future__ import annotations

import sys

from .large.group import group
from .large.growth import growth
from .large.host import host
from .large.leaving import leaving
from .large.remotes import remotes
from .ours.changing import enforcement
from .ours.deciding import decisions
from .ours.flood.compare import flood
from .ours.judging import judging
from .ours.scanning import scan
from .peers.compare import datapath
from .run import measure
from .storm.crossing import crossing

if __name__ == "__main__":
    sys.exit(
        measure(
            {
                "datapath": datapath,
                "scan": scan,
                "decisions": decisions,
                "judging": judging,
                "enforcement": enforcement,
                "remotes": remotes,
                "group": group,
                "leaving": leaving,
                "host": host,
                "growth": growth,
                "crossing": crossing,
                "flood": flood,
            },
            rounds=5,
        )
    )
