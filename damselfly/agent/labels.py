"""Which label each port and direction has after a change: the old one, or a fresh one."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable

from damselfly.flow.flow import Flow
from damselfly.model.address import FAMILIES
from damselfly.model.direction import Direction
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline import ledger
from damselfly.pipeline.digest import port_digest
from damselfly.pipeline.fields import LABEL_BITS
from damselfly.pipeline.security.labels import labels_in
from damselfly.pipeline.view import HostView, Labels, LocalPort
from damselfly.policy.changes.label import Terms, only_widens
from damselfly.policy.policies import Policies

_log = logging.getLogger(__name__)
Mint = Callable[[], int]
Groups = tuple[str, ...]


def mint() -> int:
    """Return a label that was never used: random, and not 0."""
    return secrets.randbits(LABEL_BITS) or 1


def next_labels(
    old: HostView, before: Policies, new: HostView, after: Policies, mint: Mint
) -> Labels:
    """Keep the label of a port and direction whose policy only widens; mint all others.

    A port that was not enforced before has no connection to keep, so it gets fresh labels; one that
    was stateless until now as well.  A stateless port has none.
    """
    widened = _Widened(before, after)
    labels: dict[tuple[int, Direction], int] = {}
    for port_id, local in new.local.items():
        if not local.is_tracked:
            continue
        was = old.local.get(port_id)
        for direction in Direction:
            current = None
            if was is not None and was.key == local.key and widened(was, local, direction):
                current = old.labels.get((local.key, direction))
            labels[local.key, direction] = mint() if current is None else current
    return labels


class _Widened:
    """Did a port's policy only widen?  Asked once for all ports that wear the same groups."""

    def __init__(self, before: Policies, after: Policies) -> None:
        self._before = before
        self._after = after
        self._known: dict[tuple[Groups, Groups, Direction], bool] = {}

    def __call__(self, was: LocalPort, local: LocalPort, direction: Direction) -> bool:
        """Tell whether everything that was admitted still is, in both families."""
        groups = local.port.security_groups
        if was.port.security_groups == groups and self._after.unchanged(groups):
            return True
        pair = (was.port.security_groups, groups, direction)
        known = self._known.get(pair)
        if known is None:
            known = self._known[pair] = self._compared(*pair)
        return known

    def _compared(self, was: Groups, now: Groups, direction: Direction) -> bool:
        try:
            if set(was) <= set(now) and self._after.only_widened(was):
                return True
            old, new = self._before.snapshot, self._after.snapshot
            return all(
                only_widens(Terms(old, was, direction, family), Terms(new, now, direction, family))
                for family in FAMILIES
            )
        except Exception:  # noqa: BLE001  One port must not stop the others.
            _log.exception("rules of %s cannot be compared; all connections are judged again", now)
            return False


def recovered_labels(new: HostView, actual: Iterable[Flow], mint: Mint) -> Labels:
    """Keep the labels that the switch holds and that still stand for the policy in force."""
    flows = set(actual)
    held = {(key, way): (label, cookie) for key, way, label, cookie in labels_in(iter(flows))}
    labels: dict[tuple[int, Direction], int] = {}
    unchanged: dict[tuple[str, ...], bool] = {}
    for local in new.local.values():
        if not local.is_tracked:
            continue
        groups = local.port.security_groups
        if groups not in unchanged:
            unchanged[groups] = _stands(new.snapshot, groups, flows)
        for direction in Direction:
            label, cookie = held.get((local.key, direction), (0, 0))
            keep = label and cookie == port_digest(local.port) and unchanged[groups]
            labels[local.key, direction] = label if keep else mint()
    return labels


def _stands(snapshot: Snapshot, groups: tuple[str, ...], flows: set[Flow]) -> bool:
    entries = ledger.needed(snapshot, groups)
    return all(ledger.entry_flow(snapshot, entry) in flows for entry in entries)
