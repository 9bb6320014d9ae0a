"""Part 6: ask why, and hold the answer against the wire and the switch."""

from __future__ import annotations

from typing import NamedTuple

from demo.programs import Call, listeners, reached
from demo.score import Score
from demo.stage import Stage
from demo.tables import verdicts


class Question(NamedTuple):
    """A connection to ask about."""

    source: str
    target: str
    port: int
    allowed: bool


_QUESTIONS = (
    Question("app-1", "db-1", 5432, allowed=True),
    Question("attacker", "db-1", 5432, allowed=False),
)


def show(stage: Stage, score: Score) -> None:
    """Explain one connection that is allowed and one that is not, then compare all flows."""
    for question in _QUESTIONS:
        _explain(stage, score, question)
    score.quote(stage.damselfly("verify").splitlines())
    switches = stage.ask("verify")["switches"]
    score.expect("the switch holds what the policy asks for", met=len(switches) == 1)


def _explain(stage: Stage, score: Score, question: Question) -> None:
    source, target, port, allowed = question
    call = Call(stage.vms[source], stage.vms[target].ipv4, f"tcp/{port}")
    with listeners([stage.vms[target]], [call.service]):
        passed = reached([call])[call]
    words = ["explain", "--from", source, "--to", target, "--protocol", "tcp", "--port", str(port)]
    score.quote(stage.damselfly(*words).splitlines())
    answer = stage.ask(*words)
    verdict = "allowed" if allowed else "denied"
    score.expect(f"explain says {verdict}", met=answer["allowed"] is allowed)
    score.expect("the wire says so too", met=passed is allowed)
    ends = answer["ends"]
    score.expect(
        "and the flows at both ends, as the switch holds them",
        met=all(end["switch"]["agrees"] for end in ends),
    )
    shown = {end["switch"]["flow"] for end in ends}
    held = verdicts(stage)
    score.expect("ovs-ofctl reads the same flows", met=shown <= {*held.allow, *held.deny})
