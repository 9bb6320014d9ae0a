"""Rules that match nothing as things are: said where they are written and where they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from damselfly.model.group import Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.manifest import Plan
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Commit, Contents
from damselfly.policy.meaning import why_nothing


def idle_rules(view: Snapshot) -> Iterator[tuple[Rule, str]]:
    """Yield every rule that matches nothing now, with the reason."""
    for group in view.groups.values():
        for rule in group.rules:
            why = why_nothing(rule, view)
            if why is not None:
                yield rule, why


def with_idle_rules(plan: Plan, contents: Contents) -> Plan:
    """Add a note to a plan for each rule that it writes and that will match nothing."""
    written = {
        change.key
        for change in plan.changes
        if keys.parse(change.key).kind == keys.RULE and change.value is not None
    }
    if not written:
        return plan
    reader = PolicyReader(contents)
    after = reader.apply(Commit(contents.revision + 1, plan.changes))
    notes = (
        f"rule {rule.id} matches nothing now: {why}"
        for rule, why in idle_rules(after)
        if keys.rule(rule.security_group_id, rule.id) in written
    )
    return replace(plan, notes=(*plan.notes, *notes))
