"""What the switch should hold, and what has to be sent when the policy or the ports change.

No I/O here: the caller sends what is returned, at once, before anything else is decided.  Verdicts
are therefore always given on the state that was sent last.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product

from damselfly.flow.delta import Delta, difference
from damselfly.flow.flow import Flow, FlowKey
from damselfly.model.address import FAMILIES, Family
from damselfly.model.direction import Direction
from damselfly.model.group import Rule
from damselfly.model.network import Attachment
from damselfly.model.snapshot import EMPTY, Snapshot
from damselfly.pipeline.assemble import OF_PORTS, Kind, Unit, unit_flows, unit_inputs, units
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.layout import Table
from damselfly.pipeline.needs import NOTHING
from damselfly.pipeline.security import verdicts as verdict_table
from damselfly.pipeline.view import HostView, Labels, LocalPort, host_view
from damselfly.policy.policies import Policies
from damselfly.policy.region import Verdict
from damselfly.policy.rulebook import RuleBook

from .labels import Mint, mint, next_labels, recovered_labels
from .verdicts import Remembered, Verdicts, in_advance

_log = logging.getLogger(__name__)
OURS = frozenset(Table)
_Rules = dict[int, dict[int, Rule]]
"""Rules by mark, for each rule book by identity."""
_Label = Callable[[HostView, Policies], Labels]


class PortFailed(Exception):
    """One port's flows cannot be stated; it must stay closed."""

    def __init__(self, port_id: str, reason: str) -> None:
        super().__init__(reason)
        self.port_id = port_id
        self.reason = reason


@dataclass(frozen=True, slots=True)
class State:
    """Everything that was last sent, verdicts apart."""

    view: HostView
    policies: Policies
    inputs: Mapping[Unit, tuple[object, ...]] = field(default_factory=dict)
    flows: Mapping[Unit, tuple[Flow, ...]] = field(default_factory=dict)
    by_key: Mapping[int, LocalPort] = field(default_factory=dict)
    generations: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def admitting(self) -> set[int]:
        """The keys of ports that may have connections: enforced, and not without a group."""
        return {
            key
            for key, local in self.by_key.items()
            if local.is_tracked and local.port.security_groups
        }

    def owners(self, keys: set[FlowKey]) -> set[str]:
        """Return the ports for whose sake any of these flows is there."""
        owners: set[str] = set()
        for unit, flows in self.flows.items():
            if any(flow.key in keys for flow in flows):
                owners.update(_ports_of(unit, self.view.snapshot))
        return owners


class Enforcement:
    """The desired contents of one host's switch."""

    def __init__(self, mint: Mint = mint) -> None:
        self.state = State(host_view(EMPTY, (), {}), Policies(EMPTY))
        self.verdicts = Verdicts()
        self.refused: dict[str, str] = {}
        """Ports that stay closed because their flows cannot be stated or were not taken."""
        self.lacks = NOTHING
        self._mint = mint

    @property
    def flows(self) -> list[Flow]:
        """Everything the switch should hold, verdicts included."""
        fixed = [flow for flows in self.state.flows.values() for flow in flows]
        return fixed + [entry.flow for entry in self.verdicts]

    @property
    def flow_count(self) -> int:
        """How many flows the switch should hold, verdicts included."""
        return sum(map(len, self.state.flows.values())) + len(self.verdicts)

    def book(self, key: int, direction: Direction, family: Family) -> RuleBook | None:
        """Return the rules by which a port is judged; None where it is not filtered here."""
        local = self.state.by_key.get(key)
        if local is None or not local.port.port_security_enabled:
            return None
        try:
            return self.state.policies.book(local.port.security_groups, direction, family)
        except Exception as error:  # noqa: BLE001  One port must not stop the others.
            _log.exception("port %s stays closed: its rules cannot be compiled", local.port.id)
            self.refused[local.port.id] = f"its rules cannot be compiled: {error!r}"
            return None

    def advance(self, snapshot: Snapshot, plugged: Iterable[Attachment]) -> Delta:
        """Move to a new policy and set of ports; return what to send."""
        old = self.state

        def labels(view: HostView, policies: Policies) -> Labels:
            return next_labels(old.view, old.policies, view, policies, self._mint)

        self.state = self._next(snapshot, tuple(plugged), labels)
        delta = _changes(old, self.state)
        gone = self.verdicts.revise(self.book)
        return Delta(delta.add, (*delta.delete, *gone))

    def adopt(
        self, actual: Iterable[Flow], snapshot: Snapshot, plugged: Iterable[Attachment]
    ) -> Delta:
        """Take over a switch as it is: keep labels and verdicts that still hold, mend the rest."""
        ours = [flow for flow in actual if flow.table in OURS]

        def labels(view: HostView, _: Policies) -> Labels:
            return recovered_labels(view, ours, self._mint)

        self.state = self._next(snapshot, tuple(plugged), labels)
        self.verdicts.clear()
        rules: _Rules = {}
        for flow in ours:
            self._recall(flow, rules)
        self.verdicts.revise(self.book)
        return difference(self.flows, ours)

    def warm(self, budget: int) -> tuple[Flow, ...]:
        """Give the verdicts that allow before anybody asks; return the flows to add.

        With them in the switch an agent that is down changes nothing for what the policy allows.
        ``budget`` bounds them for each port, direction and family, in the order of the rules.
        """
        flows: list[Flow] = []
        for judged in product(self.state.by_key, Direction):
            for family in FAMILIES:
                book = self.book(*judged, family)
                for verdict in () if book is None else islice(book.allowances(), budget):
                    forms = in_advance(judged, verdict, stateful=self._is_stateful(judged[0]))
                    flows += (form.flow for form in forms if self.verdicts.add(judged, form))
        return tuple(flows)

    def _is_stateful(self, key: int) -> bool:
        return self.state.by_key[key].stateful

    def _next(self, snapshot: Snapshot, plugged: tuple[Attachment, ...], labels: _Label) -> State:
        """Compute the next state; a port that fails is closed, and the others go on."""
        here = {attachment.port_id for attachment in plugged}
        self.refused = {
            port_id: why
            for port_id, why in self.refused.items()
            if port_id in here and _alike(port_id, self.state.view.snapshot, snapshot)
        }
        while True:
            try:
                return self._compiled(snapshot, plugged, labels)
            except PortFailed as failed:
                _log.error("port %s stays closed: %s", failed.port_id, failed.reason)
                self.refused[failed.port_id] = failed.reason

    def _compiled(
        self, snapshot: Snapshot, plugged: tuple[Attachment, ...], labels: _Label
    ) -> State:
        policies = Policies(snapshot, self.state.policies)
        view = host_view(snapshot, plugged, {}, self.refused, self.lacks)
        policies.keep({local.port.security_groups for local in view.local.values()})
        view = replace(view, labels=labels(view, policies))
        inputs = {unit: unit_inputs(view, unit) for unit in units(view)}
        flows = {
            unit: self.state.flows[unit]
            if self.state.inputs.get(unit) == wanted
            else _stated(view, unit)
            for unit, wanted in inputs.items()
        }
        by_key = {local.key: local for local in view.local.values()}
        known, was = self.state.generations, self.state.by_key
        generations = {
            key: known[key] if was.get(key) == local else local.generation
            for key, local in by_key.items()
        }
        return State(view, policies, inputs, flows, by_key, generations)

    def _recall(self, flow: Flow, known: _Rules) -> None:
        """Remember a verdict that the switch holds, if its rule still exists."""
        held = verdict_table.read(flow)
        if held is None:
            return
        book = self.book(held.key, held.direction, held.region.family)
        if book is None:
            return
        if id(book) not in known:
            known[id(book)] = {rule_mark(rule): rule for rule in book.rules}
        rule = known[id(book)].get(held.mark)
        if held.mark and rule is None:
            return
        entry = Remembered(Verdict(held.region, rule), held.basis, flow)
        self.verdicts.add((held.key, held.direction), entry)


def _alike(port_id: str, old: Snapshot, new: Snapshot) -> bool:
    """Tell whether nothing has changed that could make a refused port acceptable."""
    port = new.ports.get(port_id)
    return (
        port is not None
        and port == old.ports.get(port_id)
        and all(old.groups.get(name) == new.groups.get(name) for name in port.security_groups)
    )


def _ports_of(unit: Unit, snapshot: Snapshot) -> Collection[str]:
    if unit.kind in OF_PORTS:
        return (unit.name,)
    if unit.kind is Kind.NETWORK:
        return snapshot.ports_on.get(unit.name, ())
    return ()


def _changes(old: State, new: State) -> Delta:
    """Subtract the flows of the units that changed; a flow may move from one unit to another."""
    before: dict[FlowKey, Flow] = {}
    after: dict[FlowKey, Flow] = {}
    for state, other, flows in ((old, new, before), (new, old, after)):
        for unit, stated in state.flows.items():
            if other.flows.get(unit) is not stated:
                flows.update((flow.key, flow) for flow in stated)
    return difference(after.values(), before.values())


def _stated(view: HostView, unit: Unit) -> tuple[Flow, ...]:
    try:
        return tuple(unit_flows(view, unit))
    except Exception as error:
        if unit.kind not in OF_PORTS:
            raise
        raise PortFailed(unit.name, f"its flows cannot be stated: {error!r}") from error
