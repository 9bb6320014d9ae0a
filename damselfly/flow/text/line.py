"""A whole flow on one line."""

from __future__ import annotations

from damselfly.flow.flow import Flow

from .actions import format_actions, parse_actions
from .match import format_match, match_of
from .value import parse_number

_DEFAULT_PRIORITY = 0x8000
_LIMITS = {"table": 0xFF, "priority": 0xFFFF, "cookie": 0xFFFF_FFFF_FFFF_FFFF}
_COUNTERS = frozenset(("duration", "n_packets", "n_bytes", "idle_age", "hard_age"))
"""What a dump says beside the flow itself."""


def format_flow(flow: Flow) -> str:
    """Spell a flow as ``dump-flows --no-stats`` prints it."""
    head = [f"cookie={flow.cookie:#x}, "] if flow.cookie else []
    if flow.table:
        head.append(f"table={flow.table}, ")
    words = [] if flow.priority == _DEFAULT_PRIORITY else [f"priority={flow.priority}"]
    match = format_match(flow.match)
    if match:
        words.append(match)
    said = f"{','.join(words)} " if words else ""
    return f"{''.join(head)}{said}actions={format_actions(flow.actions)}"


def parse_flow(text: str) -> Flow:
    """Read a flow; counters are passed over.

    Raises ValueError, naming the part that cannot be read.
    """
    head, found, actions = text.strip().partition("actions=")
    if not found:
        raise ValueError(f"{text!r} has no actions=")
    numbers = {"table": 0, "priority": _DEFAULT_PRIORITY, "cookie": 0}
    matched = []
    for part in head.replace(",", " ").split():
        name, _, value = part.partition("=")
        if name in numbers:
            numbers[name] = parse_number(value, name)
            if numbers[name] > _LIMITS[name]:
                raise ValueError(f"{name}: {value!r} is more than {_LIMITS[name]}")
        elif name not in _COUNTERS:
            matched.append(part)
    return Flow(match=match_of(iter(matched)), actions=parse_actions(actions.strip()), **numbers)


def parse_flows(text: str) -> list[Flow]:
    """Read the flows of a text with one on each line; empty lines and # comments do not count.

    Raises ValueError that names the line.
    """
    flows = []
    for number, line in enumerate(text.splitlines(), start=1):
        stated = line.partition("#")[0].strip()
        if not stated or stated.startswith(("NXST_FLOW", "OFPST_FLOW")):
            continue
        try:
            flows.append(parse_flow(stated))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    return flows
