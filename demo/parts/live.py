"""Part 4: connections that live while the policy changes under them."""

from __future__ import annotations

import time

from demo.score import Score
from demo.stage import EXAMPLE, Stage
from demo.stream import Stream, streaming

_LATEST = 0.1
"""Seconds after ``apply --wait`` returned in which the last byte may still arrive."""
_CUT_FOR = 1.5
_CONCERNED = "app-from-web-ipv4"
_UNCONCERNED = "app-logs"


def show(stage: Stage, score: Score) -> None:
    """Keep two connections to one VM, and take rules away from under the first."""
    web, app, bastion = (stage.vms[name] for name in ("web-1", "app-1", "bastion"))
    with streaming(web, app, 8085) as concerned, streaming(bastion, app, 22) as other:
        score.expect("web-1 to app-1, tcp 8085, is connected", met=concerned.flows())
        score.expect("bastion to app-1, tcp 22, is connected", met=other.flows())
        _unconcerned(stage, score, concerned)
        _concerned(stage, score, concerned)
        _back(stage, score, concerned)
        score.expect(
            "bastion to app-1 lost nothing all the while",
            met=other.flows() and other.complete and other.retransmitted == 0,
            seen=f"{len(other.arrivals)} lines, {other.retransmitted} segments sent again",
        )


def _unconcerned(stage: Stage, score: Score, concerned: Stream) -> None:
    score.say(f"\nTake away {_UNCONCERNED}, another rule of the same group:")
    stage.apply_without(_UNCONCERNED)
    flows = concerned.flows()
    score.expect(
        "web-1 to app-1 goes on, nothing lost",
        met=flows and concerned.complete and concerned.retransmitted == 0,
        seen=f"{len(concerned.arrivals)} lines, {concerned.retransmitted} segments sent again",
    )


def _concerned(stage: Stage, score: Score, concerned: Stream) -> None:
    score.say(f"\nTake away {_CONCERNED}, the rule that admitted it:")
    stage.apply_without(_CONCERNED)
    returned = time.monotonic()
    time.sleep(_CUT_FOR)
    late = concerned.after(returned)
    score.expect(
        f"no byte arrives later than {_LATEST * 1000:.0f} ms after that command returned",
        met=not late or max(late) <= _LATEST,
        seen=f"last after {max(late) * 1000:.1f} ms" if late else "none after it",
    )


def _back(stage: Stage, score: Score, concerned: Stream) -> None:
    score.say("\nGive the rules back:")
    before = len(concerned.arrivals)
    stage.damselfly("apply", str(EXAMPLE), "--wait")
    flows = concerned.flows(patience=8)
    score.expect(
        "the same connection goes on, and all that was sent meanwhile arrives",
        met=flows and concerned.complete,
        seen=f"{len(concerned.arrivals) - before} more lines, in order",
    )
