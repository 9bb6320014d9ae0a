"""Part 1: the verdicts are empty until traffic asks; ingress security is complete before it."""

from __future__ import annotations

from demo.programs import Call, reached
from demo.score import Score
from demo.stage import EXAMPLE, Stage
from demo.tables import Verdicts, ingress_security, verdicts


def show(stage: Stage, score: Score) -> None:
    """Apply the example, then send the first packets."""
    score.say(f"A hypervisor with {len(stage.vms)} VMs in br-int, and an agent on an empty store.")
    for vm in stage.vms.values():
        vm.plug()
    stage.damselfly("apply", str(EXAMPLE), "--wait")
    before = ingress_security(stage)
    empty = verdicts(stage)
    score.expect("the forwarding-security table is empty", met=empty.total == 0, seen=_seen(empty))
    score.expect("ingress security stands", met=bool(before), seen=f"{len(before)} flows")
    _first_allow(stage, score)
    _first_drop(stage, score)
    score.expect(
        "traffic has added nothing to ingress security: it was complete before any packet",
        met=ingress_security(stage) == before,
    )


def _first_allow(stage: Stage, score: Score) -> None:
    before = verdicts(stage)
    answered = _call(stage, "bastion", "web-1", "icmp")
    after = verdicts(stage)
    score.expect("the first ping, bastion to web-1, has an answer", met=answered)
    new = [flow for flow in after.allow if flow not in before.allow]
    score.expect(
        "and brings the first allow, one for each end",
        met=len(new) == 2 and after.deny == before.deny,
        seen=_seen(after),
    )
    score.quote(new)


def _first_drop(stage: Stage, score: Score) -> None:
    before = verdicts(stage)
    answered = _call(stage, "attacker", "db-1", "tcp/5432")
    after = verdicts(stage)
    score.expect("attacker to db-1, tcp 5432, has no answer", met=not answered)
    new = [flow for flow in after.deny if flow not in before.deny]
    score.expect("and brings the first drop", met=len(new) == 1, seen=_seen(after))
    score.quote(new)


def _call(stage: Stage, source: str, target: str, service: str) -> bool:
    call = Call(stage.vms[source], stage.vms[target].ipv4, service)
    return reached([call])[call]


def _seen(found: Verdicts) -> str:
    return f"{found.total} verdicts: {len(found.allow)} allow, {len(found.deny)} drop"
