"""Part 5: connections that live while somebody changes the groups through the API."""

from __future__ import annotations

import time

from demo.neutron.cloud import ADDRESS_GROUP, RULES
from demo.neutron.stage import CloudStage
from demo.score import Score
from demo.stream import Stream, streaming

_CUT_FOR = 1.5
_LATEST = 0.5
"""Seconds after the client has returned in which the last byte may still arrive."""
_HTTP = RULES[1]


def show(stage: CloudStage, score: Score) -> None:
    """Delete the rule of one connection, and take the other's caller off the list."""
    attacker, bastion = stage.vms["attacker"], stage.vms["bastion"]
    web, db = stage.vms["web-1"], stage.vms["db-1"]
    with streaming(attacker, web, 80) as first, streaming(bastion, db, 22) as second:
        score.expect("attacker to web-1, tcp 80, is connected", met=first.flows())
        score.expect("bastion to db-1, tcp 22, is connected", met=second.flows())
        stage.openstack("security", "group", "rule", "delete", stage.rules[_HTTP])
        _is_cut(stage, score, first, "attacker to web-1")
        score.expect(
            "bastion to db-1 lost nothing",
            met=second.flows() and second.complete and second.retransmitted == 0,
            seen=f"{len(second.arrivals)} lines",
        )
        words = ["address", "group", "unset", "--address", f"{bastion.ipv4}/32", ADDRESS_GROUP]
        stage.openstack(*words)
        _is_cut(stage, score, second, "bastion to db-1")
        group, *rule = _HTTP
        stage.openstack("security", "group", "rule", "create", *rule, group)
        score.expect(
            "with the rule back, the same connection goes on, and all that was sent arrives",
            met=first.flows(patience=8) and first.complete,
        )


def _is_cut(stage: CloudStage, score: Score, stream: Stream, name: str) -> None:
    returned = time.monotonic()
    time.sleep(_CUT_FOR)
    late = stream.after(returned)
    score.expect(
        f"{name} is cut: no byte arrives later than {_LATEST * 1000:.0f} ms after the client's end",
        met=not late or max(late) <= _LATEST,
        seen=f"last after {max(late) * 1000:.1f} ms" if late else "none after it",
    )
