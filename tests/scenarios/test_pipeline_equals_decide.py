"""The flows deliver exactly what the specification admits at both ends, whatever came before."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from damselfly.model.address import FAMILIES, Family
from damselfly.model.group import AddressGroup, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing

from . import policies
from .frames import ACK, Frame
from .oracle import Oracle, is_mixed, is_stateless
from .policies import BROADCAST, FAR, GROUPS, LISTS, LOCAL, WORN
from .rig import Rig

OPTIONS: tuple[dict[str, int], ...] = (
    {}, {"deny_budget": 1}, {"warm": 100}, {"budget": 2, "deny_budget": 1}, {"warm": 3},
)  # fmt: skip
"""The agent as it comes, short of room, with verdicts in advance, and both."""


class Host(RuleBasedStateMachine):
    """A host under random changes and random traffic."""

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.sent: list[tuple[str, Frame]] = []
        self.seen: set[Packet] = set()

    @initialize(data=st.data(), options=st.sampled_from(OPTIONS))
    def start(self, data: st.DataObject, options: dict[str, int]) -> None:
        things: list[Thing] = [data.draw(policies.groups(name)) for name in GROUPS]
        things += [data.draw(policies.address_groups(name)) for name in LISTS]
        things += [data.draw(policies.ports(name)) for name in (*LOCAL, *FAR)]
        self.things = things
        self.rig = Rig(*things, **options)
        self.here = self._enforced()

    # Traffic.

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        """Start conversations."""
        known = self.rig.snapshot.ports
        senders = [name for name in LOCAL if name in known and name in self.rig.plugged]
        for _ in range(data.draw(st.integers(1, 6)) if senders else 0):
            sender = data.draw(st.sampled_from(senders))
            others = [known[name] for name in (*LOCAL, *FAR) if name in known and name != sender]
            if others:
                self._push(sender, data.draw(policies.frames(known[sender], others)))

    @rule(data=st.data(), sender=st.sampled_from(LOCAL), family=st.sampled_from(FAMILIES))
    def sweep(self, data: st.DataObject, sender: str, family: Family) -> None:
        """Try every kind of packet on every other port."""
        known = self.rig.snapshot.ports
        if sender in known and sender in self.rig.plugged:
            client = data.draw(st.sampled_from(policies.CLIENTS))
            for receiver in sorted({*LOCAL, *FAR} & known.keys() - {sender}):
                for frame in policies.every_kind(known[sender], known[receiver], family, client):
                    self._push(sender, frame)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """Go on with earlier conversations, from either side, where the addresses still stand."""
        count = len(self.sent)
        first, answers = data.draw(st.integers(0, count - 1)), data.draw(st.booleans())
        for before in self.sent[first : first + 20]:
            sender, frame = _answer(*before) if answers else before
            port = self.rig.snapshot.ports.get(sender)
            if port is not None and sender in self.rig.plugged and _owns(port, frame):
                self._push(sender, frame)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def complain(self, data: st.DataObject) -> None:
        """Answer earlier packets by ICMP errors that quote them."""
        first, answers = data.draw(st.integers(0, len(self.sent) - 1)), data.draw(st.booleans())
        for before in self.sent[first : first + 20]:
            _, quoted = _answer(*before) if answers else before
            sender, answer = _answer("", quoted)
            port = self.rig.snapshot.ports.get(sender)
            if port is not None and sender in self.rig.plugged and _owns(port, answer):
                error = quoted.error(answer.packet.source)
                received = self.rig.send(sender, error)
                expected = self.oracle.may_hear_of(
                    self.rig.snapshot, self.here, sender, error, quoted
                )
                assert set(received) <= set(expected), (sender, quoted)

    def _push(self, sender: str, frame: Frame) -> None:
        if frame.packet in self.seen:
            frame = replace(frame, flags=ACK)  # a second SYN is for the tracker to judge, not us
        else:
            self.sent.append((sender, frame))
            self.seen |= {frame.packet, frame.reply().packet}
        snapshot = self.rig.snapshot
        expected = self.oracle.receivers(snapshot, self.here, sender, frame)
        assert self.rig.send(sender, frame) == expected, (sender, frame)

    # Changes.

    @rule(data=st.data(), name=st.sampled_from(GROUPS))
    def change_rules(self, data: st.DataObject, name: str) -> None:
        """Take some rules away, and put one in; now and then delete the group."""
        group = self.rig.snapshot.groups.get(name) or SecurityGroup(name, name)
        kept = [each for each in group.rules if data.draw(st.integers(0, 3))]
        if data.draw(st.booleans()):
            new = data.draw(policies.rules(f"{name}-x{data.draw(st.integers(0, 2))}"))
            kept = [*(each for each in kept if each.id != new.id), new]
        if kept:
            ordered = tuple(sorted(kept, key=lambda each: each.id))
            stateful = group.stateful if data.draw(st.integers(0, 3)) else not group.stateful
            self._apply(SecurityGroup(name, name, ordered, stateful))
        else:
            self._apply(drop=[(SecurityGroup, name)])

    @rule(data=st.data(), name=st.sampled_from(GROUPS))
    def go_back(self, data: st.DataObject, name: str) -> None:
        """Give a group the rules that it had at the start."""
        self._apply(next(each for each in self.things if each.id == name))

    @rule(data=st.data(), name=st.sampled_from(LISTS))
    def change_addresses(self, data: st.DataObject, name: str) -> None:
        """List other addresses in an address group; now and then delete it."""
        if data.draw(st.integers(0, 3)):
            self._apply(data.draw(policies.address_groups(name)))
        else:
            self._apply(drop=[(AddressGroup, name)])

    @rule(data=st.data(), name=st.sampled_from((*LOCAL, *FAR)))
    def change_port(self, data: st.DataObject, name: str) -> None:
        """Move a port, dress it otherwise, delete it or bring it back."""
        port = self.rig.snapshot.ports.get(name)
        if port is not None and data.draw(st.integers(0, 5)) == 5:
            self._apply(drop=[(Port, name)])
            if name in self.rig.plugged and data.draw(st.booleans()):
                self.rig.unplug(name)
                self.rig.release_keys()
        elif port is not None and data.draw(st.booleans()):
            worn = data.draw(st.sampled_from(WORN))
            self._apply(replace(port, security_groups=worn))
        else:
            self._apply(data.draw(policies.ports(name)))

    @rule(name=st.sampled_from(LOCAL), closed=st.booleans())
    def trouble(self, name: str, closed: bool) -> None:
        """Unplug a port or make it unreadable; then mend it."""
        if closed:
            self.rig.close(**{name: "its record is damaged"})
            self._follow()
            self.rig.close()
        elif name in self.rig.plugged:
            self.rig.unplug(name)
            self._follow()
            self.rig.plug(name)
            self.rig.enforce()
        self._follow()

    @rule(data=st.data(), name=st.sampled_from((*GROUPS, *LISTS)), changed=st.booleans())
    def restart(self, data: st.DataObject, name: str, changed: bool) -> None:
        """Restart the agent, perhaps after a change that it did not see."""
        self.rig.restart()
        if changed:
            if name in LISTS:
                self.rig.write(data.draw(policies.address_groups(name)))
            else:
                self.rig.write(data.draw(policies.groups(name)))
        sent = self.rig.enforce()
        assert changed or sent == 0
        self._follow()

    def _apply(self, *things: Thing, drop: list[tuple[type[Thing], str]] | None = None) -> None:
        self.rig.apply(*things, drop=drop or ())
        self._follow()

    def _follow(self) -> None:
        now = self._enforced()
        for name in self.here - now:
            self.oracle.forget(name)
        self.here = now
        for name in now:
            port = self.rig.snapshot.ports[name]
            tracked = port.port_security_enabled and port.security_groups
            if not tracked or is_stateless(self.rig.snapshot, port):
                self.oracle.forget(name)

    def _enforced(self) -> set[str]:
        known = self.rig.snapshot
        return {
            name
            for name in self.rig.plugged
            if name in known.ports and not is_mixed(known, known.ports[name])
        } - known.closed.keys()

    # What always holds.

    @invariant()
    def the_verdict_table_is_what_the_agent_remembers(self) -> None:
        if hasattr(self, "rig"):
            held = {flow.key: flow for flow in self.rig.verdicts()}
            known = {each.flow.key: each.flow for each in self.rig.enforcement.verdicts}
            assert held == known


def _answer(sender: str, frame: Frame) -> tuple[str, Frame]:
    """Return the answer and who gives it; to a broadcast there is none."""
    if frame.destination_mac == BROADCAST:
        return sender, frame
    return f"p{frame.destination_mac & 0xFF}", frame.reply(ACK)


def _owns(port: Port, frame: Frame) -> bool:
    return any(
        prefix.family is frame.packet.family and frame.packet.source in prefix
        for prefix in port.fixed_ips
    )


def test_delivers_what_both_ends_admit_and_nothing_else() -> None:
    run_state_machine_as_test(Host, settings=settings(stateful_step_count=40))
