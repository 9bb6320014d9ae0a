"""Which label each port and direction has after a change: the old one, or a fresh one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from damselfly.flow.flow import Flow
from damselfly.model.address import FAMILIES
from damselfly.model.direction import Direction
from damselfly.model.snapshot import Snapshot
from damselfly.pipeline import ledger
from damselfly.pipeline.fields import LABEL_BITS
from damselfly.pipeline.security.labels import labels_in
from damselfly.pipeline.view import HostView, Labels, LocalPort
from damselfly.policy.digest import port_digest
from damselfly.policy.label import only_widens
from damselfly.policy.policies import Policies

Mint = Callable[[], int]


def mint() -> int:
    """Return a label that was never used: random, and not 0."""
    return secrets.randbits(LABEL_BITS) or 1


def next_labels(
    old: HostView, before: Policies, new: HostView, after: Policies, mint: Mint
) -> Labels:
    """Keep the label of a port and direction whose policy only widens; mint all others.

    A port that was not enforced before has no connection to keep, so it gets fresh labels.
    """
    labels: dict[tuple[int, Direction], int] = {}
    for port_id, local in new.local.items():
        if not local.port.port_security_enabled:
            continue
        was = old.local.get(port_id)
        same = was is not None and was.key == local.key and was.port.port_security_enabled
        for direction in Direction:
            current = old.labels.get((local.key, direction)) if same else None
            if current is None or not _widens(was, before, local, after, direction):
                current = mint()
            labels[local.key, direction] = current
    return labels


def recovered_labels(new: HostView, actual: Iterable[Flow], mint: Mint) -> Labels:
    """Keep the labels that the switch holds and that still stand for the policy in force."""
    flows = set(actual)
    held = {(key, way): (label, cookie) for key, way, label, cookie in labels_in(iter(flows))}
    labels: dict[tuple[int, Direction], int] = {}
    unchanged: dict[tuple[str, ...], bool] = {}
    for local in new.local.values():
        if not local.port.port_security_enabled:
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


def _widens(
    was: LocalPort | None,
    before: Policies,
    local: LocalPort,
    after: Policies,
    direction: Direction,
) -> bool:
    return was is not None and all(
        only_widens(
            before.book(was.port.security_groups, direction, family),
            after.book(local.port.security_groups, direction, family),
        )
        for family in FAMILIES
    )
