"""What a plan does, shown: object by object, field by field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from damselfly.cli import output
from damselfly.cli.settings import Settings
from damselfly.northbound.manifest import Effect, Plan
from damselfly.northbound.store import Contents

from .changing import Done, carry_out
from .waiting import wait_for_agents

_PARTICIPLES = {"create": "created", "change": "changed", "delete": "deleted"}


def show_dry(plan: Plan, settings: Settings) -> None:
    """Show what would be done."""
    if settings.output != "table":
        output.data({"dry_run": True, **_plan_data(plan)}, settings.output)
        return
    _show_plan(plan)
    output.say(f"would be {_count(plan)}; nothing was written" if plan.changes else "no change")


async def carry_out_and_show(
    settings: Settings,
    make: Callable[[Contents], Plan],
    patience: float | None,
    *,
    create: bool = False,
) -> None:
    """Change the store, show it, and wait for the agents unless ``patience`` is None.

    Only ``create`` makes a store where there is none.  Raises NotEnforced where the agents do not
    confirm in time; what was written is shown before.
    """
    async with settings.opened(create=create) as store:
        done = await carry_out(store, make, touch=patience is not None)
        data: dict[str, object] = {"revision": done.revision, **_plan_data(done.plan)}
        if settings.output == "table":
            _show_done(done)
        try:
            if patience is not None:
                hosts = await wait_for_agents(store, done.revision, patience)
                data["enforced_by"] = hosts
                if settings.output == "table":
                    output.say(f"enforced by {', '.join(hosts)}", style="green")
        finally:
            if settings.output != "table":
                output.data(data, settings.output)


def _show_done(done: Done) -> None:
    _show_plan(done.plan)
    what = _count(done.plan) if done.plan.changes else "no change"
    output.say(f"revision {done.revision}: {what}")


def _show_plan(plan: Plan) -> None:
    for remark in plan.notes:
        output.note(f"note: {remark}")
    rows = [(effect.verb, effect.kind, effect.id, difference(effect)) for effect in plan.effects]
    if rows:
        output.table(("change", "kind", "id", "fields"), rows)


def _plan_data(plan: Plan) -> dict[str, object]:
    return {
        "changes": [
            {
                "change": effect.verb,
                "kind": effect.kind,
                "id": effect.id,
                "before": _fields(effect.before) or None,
                "after": _fields(effect.after) or None,
            }
            for effect in plan.effects
        ],
        "notes": list(plan.notes),
    }


def _count(plan: Plan) -> str:
    counts = Counter[str](effect.verb for effect in plan.effects)
    said = [f"{counts[verb]} {word}" for verb, word in _PARTICIPLES.items() if verb in counts]
    return ", ".join(said) or "index entries mended"


def difference(effect: Effect) -> str:
    """Name the fields of a changed object with their old and new values."""
    if effect.verb != "change":
        return ""
    before, after = _fields(effect.before), _fields(effect.after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    said = (f"{name}: {_value(before.get(name))} → {_value(after.get(name))}" for name in names)
    return "; ".join(said)


def _fields(value: bytes | None) -> dict[str, object]:
    """Read a stored object for show; one that is broken has no fields."""
    try:
        read = json.loads(value or b"{}")
    except ValueError:
        return {}
    return {k: v for k, v in read.items() if k != "v"} if isinstance(read, dict) else {}


def _value(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
