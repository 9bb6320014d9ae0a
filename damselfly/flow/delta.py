"""The one place that subtracts what the switch has from what it should have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .flow import Flow, FlowKey


@dataclass(frozen=True, slots=True)
class Delta:
    """Flows to add (or overwrite, where the key exists) and keys of flows to delete."""

    add: tuple[Flow, ...] = ()
    delete: tuple[FlowKey, ...] = ()

    def __len__(self) -> int:
        """Count the flow-mods that carry the delta out."""
        return len(self.add) + len(self.delete)


def difference(desired: Iterable[Flow], actual: Iterable[Flow]) -> Delta:
    """Return what turns the actual flows into the desired ones.

    A flow whose key stays but whose actions or cookie differ is overwritten.  Raises ValueError
    if two desired flows share a key and differ: the switch could keep only one of them.
    """
    wanted: dict[FlowKey, Flow] = {}
    for flow in desired:
        other = wanted.setdefault(flow.key, flow)
        if other != flow:
            raise ValueError(f"two flows for one key: {flow} and {other}")
    present = {flow.key: flow for flow in actual}
    return Delta(
        add=tuple(flow for key, flow in wanted.items() if present.get(key) != flow),
        delete=tuple(key for key in present if key not in wanted),
    )
