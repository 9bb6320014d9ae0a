"""What somebody else changed behind the agent's back: counted, and the latest of it named."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from enum import Enum

from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey
from damselfly.flow.text import format_flow

_log = logging.getLogger(__name__)
_NAMED = 8
"""Flows named in the log at a time, and in the status."""


class Kind(Enum):
    """How a flow or meter can differ."""

    MISSING = "missing"
    CHANGED = "changed"
    """Its actions or its cookie are not ours."""
    FOREIGN = "foreign"
    """In a table of ours, and none of ours."""
    METER = "meter"
    """A meter that is missing or has another rate."""


class Drift:
    """All that was found so far."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self.at = 0.0
        """When something was found last, in seconds since 1970; 0 for never."""
        self.latest: deque[str] = deque(maxlen=_NAMED)
        """The flows found last, the latest at the end, each as ``kind: flow``."""

    def flows(self, delta: Delta, held: Mapping[FlowKey, Flow]) -> None:
        """Note what a delta mends, given the flows that the switch held."""
        self._note(list(_differences(delta, held)))

    def meters(self, numbers: list[int]) -> None:
        """Note meters that are not as they should be."""
        self._note([(Kind.METER, f"meter {number}") for number in numbers])

    def _note(self, found: list[tuple[Kind, str]]) -> None:
        self.at = time.time()
        for number, (kind, name) in enumerate(found):
            self.counts[kind] += 1
            if number < _NAMED:
                _log.warning("behind the agent's back: %s: %s", kind.value, name)
                self.latest.append(f"{kind.value}: {name}")
        if len(found) > _NAMED:
            _log.warning("behind the agent's back: and %d more", len(found) - _NAMED)


def _differences(delta: Delta, held: Mapping[FlowKey, Flow]) -> Iterator[tuple[Kind, str]]:
    for key in delta.delete:
        yield Kind.FOREIGN, format_flow(held[key])
    for flow in delta.add:
        other = held.get(flow.key)
        if other is None:
            yield Kind.MISSING, format_flow(flow)
        else:
            yield Kind.CHANGED, format_flow(other)
