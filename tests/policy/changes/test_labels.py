"""Does a change only widen?  A wrong yes would let revoked connections live."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP, AddressGroup, Rule, SecurityGroup
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Thing, snapshot_of
from damselfly.policy.changes.label import Terms, only_widens
from damselfly.policy.decision import decide
from damselfly.policy.policies import Policies
from tests.policy.blocks import cells, packet_of
from tests.policy.worlds import LISTS, TINY, World, address_groups, rules, worlds


def grows(old: World, new: World) -> bool:
    """Tell, packet by packet, whether everything that was admitted still is."""
    packets = (packet_of(old, cell) for cell in cells(old, new))
    return all(admitted(new, p) for p in packets if admitted(old, p))


def admitted(world: World, packet: Packet) -> bool:
    return decide(world.snapshot, world.port, world.direction, packet).allowed


def terms(world: World) -> Terms:
    return Terms(world.snapshot, world.port.security_groups, world.direction, world.family)


def edited(data: st.DataObject, world: World) -> World:
    """Change a group: a rule goes, one comes, or both; a member, or what an address group lists."""
    group = world.snapshot.groups[data.draw(st.sampled_from(world.port.security_groups))]
    kept, flip = list(group.rules), st.booleans()
    if data.draw(flip) and kept:
        kept.pop(data.draw(st.integers(0, len(kept) - 1)))
    if data.draw(flip):
        kept.append(data.draw(rules(TINY, f"{group.id}-new", (world.direction, world.family))))
    put: list[Thing] = [SecurityGroup(group.id, group.name, tuple(kept))]
    drop: list[tuple[type[Thing], str]] = []
    others = sorted(world.snapshot.ports.keys() - {"me"})
    if data.draw(flip) and others:
        drop = [(Port, others[data.draw(st.integers(0, len(others) - 1))])]
    listed = data.draw(st.sampled_from(LISTS))
    if data.draw(flip):
        put.append(data.draw(address_groups(TINY, listed)))
    elif data.draw(flip):
        drop.append((AddressGroup, listed))
    return world._replace(snapshot=world.snapshot.evolve(1, put, drop))


@given(st.data(), worlds(TINY))
def test_says_yes_exactly_where_an_edit_only_admits_more(data: st.DataObject, old: World) -> None:
    new = edited(data, old)
    assert only_widens(terms(old), terms(new)) == grows(old, new)


@given(worlds(TINY), worlds(TINY))
def test_says_yes_exactly_where_another_policy_admits_all_that_this_one_does(
    old: World, new: World
) -> None:
    new = new._replace(direction=old.direction, family=old.family)
    assert only_widens(terms(old), terms(new)) == grows(old, new)


def of(found: Iterable[Rule], *members: int) -> Terms:
    ports = [
        Port(f"m{n}", "net", n, fixed_ips=(Prefix(IPV4, n, 32),), security_groups=("m",))
        for n in members
    ]
    groups = [SecurityGroup("g", "g", tuple(found)), SecurityGroup("m", "m")]
    return Terms(snapshot_of([*groups, *ports]), ("g",), Direction.INGRESS, IPV4)


def ports(name: str, low: int | None = None, high: int | None = None) -> Rule:
    return Rule(name, "g", Direction.INGRESS, IPV4, TCP, low, high)


def test_the_same_book_only_widens() -> None:
    same = of([ports("a", 80, 80)])
    assert only_widens(same, same)


def test_a_rule_more_widens_and_a_rule_less_does_not() -> None:
    one, two = [ports("a", 80, 80)], [ports("a", 80, 80), ports("b", 90, 90)]
    assert only_widens(of(one), of(two))
    assert not only_widens(of(two), of(one))


def test_a_rule_that_another_one_covers_may_go() -> None:
    assert only_widens(of([ports("a", 80, 80), ports("b")]), of([ports("b")]))


def test_rules_that_cover_another_only_together_do_so() -> None:
    halves = [ports("b", 0, 99), ports("c", 100, 0xFFFF)]
    assert only_widens(of([ports("a", 50, 150)]), of(halves))
    assert not only_widens(of([ports("a", 50, 150)]), of([ports("b", 0, 99)]))


def test_a_member_more_widens_and_a_member_less_does_not() -> None:
    own = [Rule("r", "g", Direction.INGRESS, IPV4, remote_group_id="m")]
    assert only_widens(of(own, 1, 2), of(own, 1, 2, 3))
    assert not only_widens(of(own, 1, 2, 3), of(own, 1, 2))


def test_the_first_member_widens_a_rule_that_matched_nothing() -> None:
    own = [Rule("r", "g", Direction.INGRESS, IPV4, remote_group_id="m")]
    assert only_widens(of(own), of(own, 1))
    assert not only_widens(of(own, 1), of(own))


def test_answers_no_where_every_protocol_is_named_instead_of_any() -> None:
    """Documented: the set is the same, but that is not looked for."""
    every = [Rule(f"r{n}", "g", Direction.INGRESS, IPV4, n) for n in range(256)]
    assert not only_widens(of([Rule("any", "g", Direction.INGRESS, IPV4)]), of(every))


def test_answers_no_where_coverage_falls_into_very_many_pieces() -> None:
    """Documented: a hundred rules in a diagonal leave more pieces than are followed up."""
    diagonal = [from_prefix(f"a{n}", n, Prefix(IPV4, n, 32)) for n in range(100)]
    halves = [Prefix(IPV4, 0, 1), Prefix(IPV4, 1 << 31, 1)]
    rest = [from_prefix(f"z{n} {half}", n, half) for n in range(100) for half in halves]
    assert not only_widens(of([ports("all", 0, 99)]), of([*diagonal, *rest]))


def from_prefix(name: str, port: int, prefix: Prefix) -> Rule:
    return Rule(name, "g", Direction.INGRESS, IPV4, TCP, port, port, remote_ip_prefix=prefix)


@given(st.data(), worlds(TINY))
def test_groups_that_plainly_only_widen_do_so(data: st.DataObject, old: World) -> None:
    """What is told of groups without a look at any packet is never too much."""
    new = edited(data, old)
    after = Policies(new.snapshot, Policies(old.snapshot))
    if after.only_widened(old.port.security_groups):
        assert grows(old, new)
    if after.unchanged(old.port.security_groups):
        assert grows(old, new)
        assert grows(new, old)
