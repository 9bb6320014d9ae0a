"""A flow table: the flow of highest priority that a packet matches, found without a walk.

Flows that mask the same bits share a dictionary (tuple space search), so that a look-up costs one
dictionary access per distinct mask, whatever the number of flows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from damselfly.flow.flow import Flow, FlowKey
from damselfly.flow.match import Match, Term

Signature = tuple[tuple[str, int], ...]
"""The bits that a group of flows looks at."""
_REGISTER_BITS = 32


@dataclass(slots=True)
class Installed:
    """A flow with its counters."""

    flow: Flow
    packets: int = 0
    bytes: int = 0


def registers_of(name: str, value: int, mask: int) -> Iterator[tuple[str, int, int]]:
    """Spell a 128-bit register as the four registers it is made of, the highest bits first."""
    first = int(name.removeprefix("xxreg")) * 4
    for index in range(4):
        shift = _REGISTER_BITS * (3 - index)
        low = (1 << _REGISTER_BITS) - 1
        yield f"reg{first + index}", value >> shift & low, mask >> shift & low


def _pieces(term: Term) -> Iterable[tuple[str, int, int]]:
    return registers_of(*term) if term.field.startswith("xxreg") else (term,)


def _signature(match: Match) -> tuple[Signature, tuple[int, ...]]:
    parts: dict[str, tuple[int, int]] = {}
    for term in match:
        for name, value, mask in _pieces(term):
            if mask:
                old_value, old_mask = parts.get(name, (0, 0))
                parts[name] = old_value | value, old_mask | mask
    names = sorted(parts)
    return tuple((n, parts[n][1]) for n in names), tuple(parts[n][0] for n in names)


class _Group:
    """The flows of one signature, by the bits they want."""

    def __init__(self) -> None:
        self.flows: dict[tuple[int, ...], list[Installed]] = {}
        self.priorities: dict[int, int] = {}
        self.highest = -1

    def put(self, wanted: tuple[int, ...], installed: Installed) -> None:
        flows = self.flows.setdefault(wanted, [])
        flows.append(installed)
        flows.sort(key=lambda each: -each.flow.priority)
        priority = installed.flow.priority
        self.priorities[priority] = self.priorities.get(priority, 0) + 1
        self.highest = max(self.highest, priority)

    def drop(self, wanted: tuple[int, ...], installed: Installed) -> None:
        flows = self.flows[wanted]
        flows.remove(installed)
        if not flows:
            del self.flows[wanted]
        priority = installed.flow.priority
        self.priorities[priority] -= 1
        if not self.priorities[priority]:
            del self.priorities[priority]
            self.highest = max(self.priorities, default=-1)


class FlowTable:
    """All flows of one table number."""

    def __init__(self) -> None:
        self._installed: dict[FlowKey, Installed] = {}
        self._groups: dict[Signature, _Group] = {}
        self._order: list[tuple[Signature, _Group]] | None = None

    def __iter__(self) -> Iterator[Installed]:
        """Yield every flow with its counters, in the order in which they came."""
        return iter(self._installed.values())

    def __len__(self) -> int:
        return len(self._installed)

    def add(self, flow: Flow) -> None:
        """Add a flow, or overwrite the one with its key, whose counters stay."""
        old = self._installed.get(flow.key)
        if old is not None:
            old.flow = flow
            return
        installed = self._installed[flow.key] = Installed(flow)
        signature, wanted = _signature(flow.match)
        self._groups.setdefault(signature, _Group()).put(wanted, installed)
        self._order = None

    def delete(self, key: FlowKey) -> None:
        """Delete the flow with that key, if there is one."""
        installed = self._installed.pop(key, None)
        if installed is None:
            return
        signature, wanted = _signature(key.match)
        group = self._groups[signature]
        group.drop(wanted, installed)
        if not group.flows:
            del self._groups[signature]
        self._order = None

    def lookup(self, fields: Mapping[str, int]) -> Installed | None:
        """Return the matching flow of highest priority; an absent field reads as 0."""
        if self._order is None:
            self._order = sorted(self._groups.items(), key=lambda item: -item[1].highest)
        best: Installed | None = None
        value_of = fields.get
        for signature, group in self._order:
            if best is not None and group.highest <= best.flow.priority:
                break
            seen = tuple([value_of(name, 0) & mask for name, mask in signature])
            found = group.flows.get(seen)
            if found is not None and (best is None or found[0].flow.priority > best.flow.priority):
                best = found[0]
        return best
