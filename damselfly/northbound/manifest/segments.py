"""Segmentation ids: asked for, kept, or the lowest that nobody has."""

from __future__ import annotations

from itertools import count

from damselfly.model.snapshot import Snapshot

from .text import Draft


def assign(draft: Draft, store: Snapshot, staying: Snapshot) -> dict[str, int]:
    """Return the number of each network in the manifest, by network id.

    A network that is in the store keeps its number; those that stay there keep theirs too.
    """
    numbers: dict[str, int] = {}
    taken = {network.segmentation_id for network in staying.networks.values()}
    for item in draft.networks:
        if item.entry.segmentation_id is not None:
            numbers[item.entry.key] = item.entry.segmentation_id
    taken |= set(numbers.values())
    waiting = [item.entry.key for item in draft.networks if item.entry.key not in numbers]
    for network_id in waiting:
        known = store.networks.get(network_id)
        number = 0 if known is None else known.segmentation_id
        if number and number not in taken:
            numbers[network_id] = number
            taken.add(number)
    free = (each for each in count(1) if each not in taken)
    for network_id in waiting:
        if network_id not in numbers:
            numbers[network_id] = next(free)
    return numbers
