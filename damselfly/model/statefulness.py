"""Are the connections of a port tracked?  As its groups say (Neutron's ``stateful``)."""

from __future__ import annotations

from .port import Port
from .snapshot import Snapshot


def is_stateful(view: Snapshot, port: Port) -> bool:
    """Tell whether the port's connections are tracked: not where its groups are stateless."""
    kinds = _kinds(view, port)
    return True in kinds or not kinds


def two_kinds(view: Snapshot, port: Port) -> str | None:
    """Say which of the port's groups contradict each other, if any do: then nothing may pass."""
    kinds = _kinds(view, port)
    if len(kinds) < 2:
        return None
    return f"its group {kinds[True]} is stateful and {kinds[False]} is not: they must agree"


def _kinds(view: Snapshot, port: Port) -> dict[bool, str]:
    """Return whether the port's groups are stateful: each kind, with a group of it."""
    worn = (view.groups.get(group_id) for group_id in port.security_groups)
    return {group.stateful: group.id for group in worn if group is not None}
