"""Rule books are shared by ports with the same groups, and carried over where nothing changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, AddressGroup, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, Thing, snapshot_of
from damselfly.policy.policies import Policies
from damselfly.policy.renewal import holds_since
from damselfly.policy.rulebook import RuleBook, rule_book
from tests.policy.worlds import WIDE, World, packets, worlds

NAMING = SecurityGroup(
    "g", "g", (Rule("r", "g", Direction.INGRESS, IPV4, TCP, 80, 80, remote_group_id="m"),)
)
MEMBERS = SecurityGroup("m", "m")
QUESTION = (("g",), Direction.INGRESS, IPV4)


def member(name: str, address: int, *groups: str) -> Port:
    return Port(
        name, "net", address, fixed_ips=(Prefix(IPV4, address, 32),), security_groups=groups
    )


def before_and_after(snapshot: Snapshot, *put: Thing) -> tuple[RuleBook, RuleBook]:
    before = Policies(snapshot)
    first = before.book(*QUESTION)
    return first, Policies(snapshot.evolve(1, put), before).book(*QUESTION)


def test_a_book_is_compiled_once() -> None:
    policies = Policies(snapshot_of([NAMING]))
    assert policies.book(*QUESTION) is policies.book(*QUESTION)


def test_a_change_elsewhere_leaves_the_very_book() -> None:
    start = snapshot_of([NAMING, MEMBERS, member("a", 1, "m")])
    for change in (SecurityGroup("x", "x"), member("b", 2, "x"), member("a", 1, "m")):
        first, second = before_and_after(start, change)
        assert first is second


def test_a_member_that_comes_or_moves_makes_another_book() -> None:
    start = snapshot_of([NAMING, MEMBERS, member("a", 1, "m")])
    for change in (member("b", 2, "m"), member("a", 3, "m"), member("a", 1)):
        first, second = before_and_after(start, change)
        assert first is not second


def test_a_remote_group_that_becomes_known_makes_another_book() -> None:
    first, second = before_and_after(snapshot_of([NAMING, member("a", 1, "m")]), MEMBERS)
    assert not first.rules
    assert second.rules == NAMING.rules


OFFICE = AddressGroup("a", "office", (Prefix(IPV4, 1, 32), Prefix(IPV6, 1, 128)))
OPEN_TO_OFFICE = SecurityGroup(
    "g", "g", (Rule("r", "g", Direction.INGRESS, IPV4, TCP, 80, 80, remote_address_group_id="a"),)
)


def test_an_address_group_that_lists_something_else_makes_another_book() -> None:
    start = snapshot_of([OPEN_TO_OFFICE, OFFICE])
    for listed in ((), (Prefix(IPV4, 1, 32),), (*OFFICE.addresses, Prefix(IPV4, 9, 32))):
        first, second = before_and_after(start, AddressGroup("a", "office", listed))
        assert first is not second


def test_an_address_group_that_becomes_known_makes_another_book() -> None:
    first, second = before_and_after(snapshot_of([OPEN_TO_OFFICE]), OFFICE)
    assert not first.rules
    assert second.rules == OPEN_TO_OFFICE.rules


def test_an_address_group_renamed_or_named_by_nobody_leaves_the_very_book() -> None:
    start = snapshot_of([OPEN_TO_OFFICE, OFFICE])
    for change in (AddressGroup("a", "home", OFFICE.addresses), AddressGroup("g", "g")):
        first, second = before_and_after(start, change)
        assert first is second


@given(st.data(), worlds(WIDE), worlds(WIDE))
def test_carried_books_judge_as_fresh_ones(data: st.DataObject, old: World, new: World) -> None:
    """From one policy to another and on: what came before must not show."""
    new = new._replace(direction=old.direction, family=old.family)
    put: list[Thing] = [*new.snapshot.ports.values(), *new.snapshot.address_groups.values()]
    put += data.draw(st.lists(st.sampled_from(list(new.snapshot.groups.values())), unique=True))
    policies = Policies(old.snapshot)
    policies.book(old.port.security_groups, old.direction, old.family)
    changed = old.snapshot.evolve(1, put)
    for port in {old.port.security_groups, new.port.security_groups}:
        fresh = rule_book(changed, port, old.direction, old.family)
        carried = Policies(changed, policies).book(port, old.direction, old.family)
        for packet in data.draw(st.lists(packets(new, WIDE), min_size=1, max_size=5)):
            assert carried.judge(packet) == fresh.judge(packet)


@given(st.data(), worlds(WIDE), worlds(WIDE))
def test_a_carried_book_is_exactly_the_book_compiled_anew(
    data: st.DataObject, old: World, new: World
) -> None:
    """Through several changes, of members, lists, rules and what is known, asked now and then."""
    question = (old.direction, old.family)
    policies, snapshot = Policies(old.snapshot), old.snapshot
    things: list[Thing] = [
        *new.snapshot.ports.values(), *new.snapshot.address_groups.values(),
        *new.snapshot.groups.values(), *old.snapshot.groups.values(),
    ]  # fmt: skip
    places = [(type(thing), thing.id) for thing in things]
    for _ in range(data.draw(st.integers(1, 3))):
        put = data.draw(st.lists(st.sampled_from(things), max_size=2)) if things else []
        drop = data.draw(st.lists(st.sampled_from(places), max_size=1)) if places else []
        snapshot = snapshot.evolve(snapshot.revision + 1, put, drop)
        policies = Policies(snapshot, policies)
        if data.draw(st.booleans()):
            carried = policies.book(old.port.security_groups, *question)
            assert carried == rule_book(snapshot, old.port.security_groups, *question)


def many(count: int, members: dict[int, int]) -> Snapshot:
    """A group that names so many others, and which port is a member of which of them."""
    rules = [
        Rule(f"r{n:02}", "g", Direction.INGRESS, IPV4, TCP, n, n, remote_group_id=f"m{n}")
        for n in range(count)
    ]
    groups = [SecurityGroup(f"m{n}", "") for n in range(count)]
    ports = [member(f"p{address}", address, f"m{n}") for address, n in members.items()]
    return snapshot_of([SecurityGroup("g", "g", tuple(rules)), *groups, *ports])


@given(
    st.dictionaries(st.integers(1, 60), st.integers(0, 19), max_size=30),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 19)), max_size=4),
)
def test_many_remote_groups_are_asked_together_with_the_same_answers(
    members: dict[int, int], moves: list[tuple[int, int]]
) -> None:
    start = many(20, members)
    before = Policies(start)
    before.book(*QUESTION)
    now = start.evolve(1, [member(f"p{address}", address, f"m{n}") for address, n in moves])
    carried, plain = Policies(now, before).book(*QUESTION), rule_book(now, *QUESTION)
    assert carried.remote.crowd is not None or not plain.remote.has_many
    for address in range(64):
        for port in (0, 3, 19):
            packet = Packet(IPV4, TCP, address, 99, 1000, port)
            assert carried.judge(packet) == plain.judge(packet)


@given(st.data(), worlds(WIDE), worlds(WIDE))
def test_what_holds_since_another_book_is_what_holds(
    data: st.DataObject, old: World, new: World
) -> None:
    """Whether members only came and went, or the rules changed as well."""
    question = (old.port.security_groups, old.direction, old.family)
    members: list[Thing] = [*new.snapshot.ports.values(), *new.snapshot.address_groups.values()]
    groups = data.draw(st.lists(st.sampled_from(list(new.snapshot.groups.values())), max_size=1))
    before = Policies(old.snapshot)
    was = before.book(*question)
    now = Policies(old.snapshot.evolve(1, [*members, *groups]), before).book(*question)
    holds = holds_since(was, now)
    for packet in data.draw(st.lists(packets(old, WIDE), min_size=1, max_size=8)):
        verdict = was.judge(packet)
        assert holds(verdict) == now.holds(verdict)


def test_a_group_that_names_ever_other_groups_does_not_fill_the_memory() -> None:
    """What is not named any more leaves the crowd, if not at once."""
    policies, kept = Policies(snapshot_of([])), []
    for step in range(40):
        names = [f"m{number}" for number in range(10 * step, 10 * step + 10)]
        rules = tuple(
            Rule(f"r{name}", "g", Direction.INGRESS, IPV4, TCP, 1, 1, remote_group_id=name)
            for name in names
        )
        groups = [SecurityGroup(name, "") for name in names]
        members = [member(f"p{n}", n + 1, name) for n, name in enumerate(names)]
        view = snapshot_of([SecurityGroup("g", "g", rules), *groups, *members], step)
        policies = Policies(view, policies)
        crowd = policies.book(*QUESTION).remote.crowd
        policies.keep({("g",)})
        assert crowd is not None
        kept.append(len(crowd.sets))
    assert max(kept) < 200
