"""Real packets, a real switch, a real agent: the wire shows what Neutron's reference promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.reference import drawn, traffic, translated
from tests.reference.evaluator import Json, hears_answer, receivers
from tests.reference.traffic import KINDS, Kind

from .wire import Wire

pytestmark = pytest.mark.ovs

POLICIES, FRAMES = 32, 2
ANSWERS = tuple(kind._replace(name=f"{kind.name}, answers") for kind in KINDS)


class Case(NamedTuple):
    """What was sent, and whether anybody received it."""

    kind: Kind
    delivered: bool


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A hypervisor with a VM for each port that is drawn."""
    with Wire({name: drawn.mac(n) for n, name in enumerate(drawn.PORTS, 1)}) as made:
        yield made


def test_the_wire_shows_what_the_reference_says(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    """One policy replaces the other on the same ports; each frame opens a connection."""
    cases: Counter[Case] = Counter()

    # Without shrinking: a counter-example is reduced in memory, where it is quick.
    @settings(max_examples=POLICIES, derandomize=True, database=None, phases=[Phase.generate])
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        policy = data.draw(drawn.policies())
        sent = [data.draw(traffic.frames(policy, kind)) for kind in KINDS * FRAMES]
        wire.enforce(translated.things(policy))
        for frames in independent(sent):
            cases.update(judged(wire, policy, frames))

    agree()
    with capsys.disabled():
        print(f"\n{cases.total()} cases on the wire, as promised:")
        for kind in KINDS + ANSWERS:
            counts = [cases[Case(kind, passes)] for passes in (True, False)]
            print(f"  {kind.ethertype} {kind.name}: {counts[0]} delivered, {counts[1]} not")
    assert cases.total() >= 200
    assert all(cases[Case(kind, passes)] for kind in KINDS for passes in (True, False))


def judged(wire: Wire, policy: Json, frames: list[tuple[str, Json]]) -> list[Case]:
    """Send the frames and compare; return what kind they were, and which somebody received."""
    wire.forget_connections()
    meant = {wire.next_mark(): (sender, frame) for sender, frame in frames}
    expected = {mark: sorted(receivers(policy, *each)) for mark, each in meant.items()}
    for mark, (sender, frame) in meant.items():
        wire.send(sender, translated.wire(frame, mark))
    compare(wire, expected, (meant, policy))
    found = [Case(kind_of(meant[mark][1]), bool(names)) for mark, names in expected.items()]
    return found + answered(wire, policy, [(*meant[m], names) for m, names in expected.items()])


def answered(wire: Wire, policy: Json, delivered: list[tuple[str, Json, list[str]]]) -> list[Case]:
    """Answer what was delivered, and compare; return what kind the answers were, and which came."""
    ports = {port["id"]: port for port in policy["ports"]}
    meant: dict[bytes, tuple[str, str, Json]] = {}
    for sender, frame, names in delivered:
        for name in names:
            answer = traffic.answer(ports[sender], ports[name], frame)
            if answer is not None:
                meant[wire.next_mark()] = name, sender, answer
    expected = {
        mark: [sender] if hears_answer(policy, ports[sender], ports[name], answer) else []
        for mark, (name, sender, answer) in meant.items()
    }
    for mark, (name, _, answer) in meant.items():
        wire.send(name, translated.wire(answer, mark))
    compare(wire, expected, (meant, policy))
    return [Case(kind_of(meant[m][2], ANSWERS), bool(names)) for m, names in expected.items()]


def compare(wire: Wire, expected: dict[bytes, list[str]], shown: object) -> None:
    """Hold what the wires show to what is expected; marks of earlier rounds must not appear."""
    for mark, names in wire.seen(expected).items():
        assert names == expected.get(mark), (mark, shown)


def kind_of(frame: Json, kinds: tuple[Kind, ...] = KINDS) -> Kind:
    """Return what a case is counted as."""
    return next(
        kind
        for kind in kinds
        if kind.ethertype == frame["ethertype"] and frame["protocol"] in kind.protocols
    )


def independent(frames: list[tuple[str, Json]]) -> Iterator[list[tuple[str, Json]]]:
    """Part the frames into rounds in which none can be taken for another one's answer."""
    left = frames
    while left:
        taken: dict[object, tuple[str, Json]] = {}
        later = []
        for sender, frame in left:
            ends = frozenset((frame["source_ip"], frame["destination_ip"]))
            if taken.setdefault((ends, frame["protocol"]), (sender, frame))[1] is not frame:
                later.append((sender, frame))
        yield list(taken.values())
        left = later
