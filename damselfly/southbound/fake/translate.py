"""From a packet's fields, through the tables, to the steps that the datapath carries out.

Source: ovs-actions(7).  Nothing is sent, tracked or counted here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.field import CtState

from .steps import Frame, Frozen, Pause, Police, Send, Step, Track, Untrack, Write
from .table import FlowTable, Installed, registers_of

IN_PORT = 0xFFFFFFF8
"""The one way to send a packet out of the port it came in by."""
_MAX_DEPTH = 64
_MAX_RESUBMITS = 4096
_METADATA = frozenset((
    "in_port", "tun_id", "tun_src", "metadata", *(f"reg{n}" for n in range(16)),
))  # fmt: skip
_TRANSPORT = frozenset((
    "tcp_src", "tcp_dst", "udp_src", "udp_dst", "sctp_src", "sctp_dst", "icmp_type", "icmp_code",
    "icmpv6_type", "icmpv6_code",
))  # fmt: skip
_TUPLE = (
    "ct_nw_src", "ct_nw_dst", "ct_ipv6_src", "ct_ipv6_dst", "ct_nw_proto", "ct_tp_src", "ct_tp_dst"
)  # fmt: skip
_TUPLE_KNOWN = CtState.NEW | CtState.EST | CtState.RPL
_TRACKED = ("ct_state", "ct_zone", "ct_mark", "ct_label", *_TUPLE)


class Translation:
    """One packet's way through the tables, until it is done, paused or tracked."""

    def __init__(
        self, tables: Mapping[int, FlowTable], fields: dict[str, int], *, tracked: bool
    ) -> None:
        """Begin with the packet's fields, which are changed on the way."""
        self.steps: list[Step] = []
        self.matched: list[Installed] = []
        self._tables = tables
        self._fields = fields
        self._tracked = tracked
        self._stack: list[Frame] = []
        self._resubmits = 0
        self._cookie: int | None = None

    def begin(self, table: int) -> None:
        """Look the packet up in a table and go on from there."""
        self._enter(table, depth=0)
        self._run()

    def go_on(self, stack: tuple[Frame, ...]) -> None:
        """Go on behind a pause."""
        self._stack = list(stack)
        self._cookie = 0
        self._run()

    def _enter(self, table: int, depth: int) -> None:
        self._resubmits += 1
        if depth > _MAX_DEPTH or self._resubmits > _MAX_RESUBMITS:
            # The switch gives such a packet up, with everything it was to undergo.
            self._stack.clear()
            self.steps.clear()
            return
        flows = self._tables.get(table)
        found = None if flows is None else flows.lookup(self._visible())
        if found is not None:
            self.matched.append(found)
            if self._cookie is None:
                self._cookie = found.flow.cookie
            self._stack.append(Frame(found.flow, 0, depth))

    def _visible(self) -> dict[str, int]:
        """Return the fields that matches see: of a fragment, even of the first, no ports."""
        if not self._fields.get("nw_frag"):
            return self._fields
        return {name: value for name, value in self._fields.items() if name not in _TRANSPORT}

    def _run(self) -> None:
        while self._stack:
            frame = self._stack.pop()
            actions = frame.flow.actions
            if frame.at < len(actions):
                action = actions[frame.at]
                if frame.at + 1 < len(actions):
                    self._stack.append(
                        Frame(frame.flow, frame.at + 1, frame.depth, frame.was_frozen)
                    )
                if frame.was_frozen and isinstance(action, Output | Controller):
                    self._cookie = frame.flow.cookie
                _DO[type(action)](self, action, frame)

    def _resubmit(self, action: Resubmit, frame: Frame) -> None:
        self._enter(action.table, frame.depth + 1)

    def _output(self, action: Output, frame: Frame) -> None:
        in_port = self._fields["in_port"]
        if action.port == IN_PORT:
            self.steps.append(Send(in_port))
        elif action.port != in_port:
            self.steps.append(Send(action.port))

    def _set_field(self, action: SetField, frame: Frame) -> None:
        self._write(action.field, action.value)

    def _move(self, action: Move, frame: Frame) -> None:
        # There is no tuple to read in a packet that is related only, and no zeros either.
        if action.source not in _TUPLE or self._read("ct_state") & _TUPLE_KNOWN:
            self._write(action.destination, self._read(action.source))

    def _write(self, field: str, value: int) -> None:
        if field.startswith("xxreg"):
            for name, part, _ in registers_of(field, value, 0):
                self._fields[name] = part
        else:
            self._fields[field] = value
            if field not in _METADATA:
                self.steps.append(Write(field, value))

    def _read(self, field: str) -> int:
        if field.startswith("xxreg"):
            value = 0
            for name, _, _ in registers_of(field, 0, 0):
                value = value << 32 | self._fields.get(name, 0)
            return value
        return self._fields.get(field, 0)

    def _meter(self, action: Meter, frame: Frame) -> None:
        self.steps.append(Police(action.id))

    def _controller(self, action: Controller, frame: Frame) -> None:
        stack = tuple(
            Frame(each.flow, each.at, each.depth, was_frozen=True) for each in self._stack
        )
        frozen = Frozen(self._metadata(), stack=stack, tracked=self._tracked)
        # The switch names the first flow it took, not the one that pauses; after a pause it has
        # forgotten that too, until it meets an action that may need it.
        self.steps.append(Pause(self._cookie or 0, action.userdata, frozen))
        self._stack.clear()

    def _conntrack(self, action: Conntrack, frame: Frame) -> None:
        zone = action.zone if isinstance(action.zone, int) else self._read(action.zone)
        stored: dict[str, int] = {}
        for write in action.sets:
            if isinstance(write, SetField):
                stored[write.field] = write.value
            else:
                stored[write.destination] = self._read(write.source)
        again = None if action.table is None else Frozen(self._metadata(), table=action.table)
        mark, label = stored.get("ct_mark"), stored.get("ct_label")
        self.steps.append(Track(zone & 0xFFFF, action.commit, mark, label, again))
        self._forget()

    def _ct_clear(self, action: CtClear, frame: Frame) -> None:
        # The switch takes a packet whose state it has hidden already for untracked.
        if self._tracked:
            self.steps.append(Untrack())
        self._forget()

    def _forget(self) -> None:
        """Hide the tracking state; only a packet that comes back from the tracker has it."""
        self._tracked = False
        for name in _TRACKED:
            self._fields.pop(name, None)

    def _metadata(self) -> dict[str, int]:
        return {name: value for name, value in self._fields.items() if name in _METADATA and value}


_DO: dict[type[Action], Callable[..., None]] = {
    Resubmit: Translation._resubmit,
    Output: Translation._output,
    SetField: Translation._set_field,
    Move: Translation._move,
    Meter: Translation._meter,
    Controller: Translation._controller,
    Conntrack: Translation._conntrack,
    CtClear: Translation._ct_clear,
}
