"""A view that evolves equals one that is built anew, in whatever order things came."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from damselfly.model.address import FAMILIES, IPV4, IPV6, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import AddressGroup, Rule, SecurityGroup, in_order
from damselfly.model.network import Network, Subnet
from damselfly.model.port import AddressPair, Port
from damselfly.model.snapshot import EMPTY, Snapshot, Thing, snapshot_of

GROUPS = ("g0", "g1", "g2")
LISTS = ("a0", "a1")
PAIRS = (
    (),
    (),
    (AddressPair(Prefix.parse("0.0.0.4/30")),),
    (AddressPair(Prefix.parse("0.0.0.0/29")), AddressPair(Prefix.parse("0.0.0.2"), 9)),
)
"""Some overlap the fixed addresses, so that one address comes from several ports."""


LISTED = [Prefix(IPV4, n, 32) for n in range(4)] + [Prefix(IPV4, 8, 29), Prefix(IPV6, 1, 128)]


def naming(group_id: str, names: list[str]) -> SecurityGroup:
    """A group with a rule for each address group."""
    rules = tuple(
        Rule(f"{n}", group_id, Direction.INGRESS, IPV4, remote_address_group_id=name)
        for n, name in enumerate(names)
    )
    return SecurityGroup(group_id, "", rules)


@st.composite
def ports(draw: st.DrawFn) -> Port:
    name = draw(st.sampled_from("abcd"))
    number = draw(st.integers(1, 9))
    pairs = draw(st.sampled_from(PAIRS))
    worn = draw(st.sets(st.sampled_from(GROUPS)))
    return Port(
        name, draw(st.sampled_from(["n0", "n1"])), number, fixed_ips=(Prefix(IPV4, number, 32),),
        allowed_address_pairs=pairs, security_groups=tuple(sorted(worn)),
    )  # fmt: skip


things: st.SearchStrategy[Thing] = st.one_of(
    ports(),
    ports(),
    st.builds(naming, st.sampled_from(GROUPS), st.lists(st.sampled_from(LISTS), max_size=2)),
    st.builds(
        AddressGroup, st.sampled_from(LISTS), st.sampled_from(["", "x"]),
        st.lists(st.sampled_from(LISTED), max_size=3).map(in_order),
    ),
    st.builds(Network, st.sampled_from(["n0", "n1"])),
    st.builds(
        Subnet, st.sampled_from(["s0", "s1"]), st.sampled_from(["n0", "n1"]),
        st.just(Prefix.parse("10.0.0.0/24")),
    ),
)  # fmt: skip
steps = st.lists(st.tuples(st.booleans(), things), max_size=25)


def seen(snapshot: Snapshot) -> object:
    """Everything that can be read of a view, its revision apart."""
    members = {
        (group, family): snapshot.members(group, family) for group in GROUPS for family in FAMILIES
    }
    listed = {
        (name, family): snapshot.addresses(name, family) for name in LISTS for family in FAMILIES
    }
    return (
        dict(snapshot.networks), dict(snapshot.subnets), dict(snapshot.ports),
        dict(snapshot.groups), dict(snapshot.wearers), dict(snapshot.ports_on),
        dict(snapshot.subnets_on), dict(snapshot.closed), members,
        dict(snapshot.address_groups), dict(snapshot.namers), listed,
    )  # fmt: skip


def everything(snapshot: Snapshot) -> list[Thing]:
    return [
        *snapshot.networks.values(), *snapshot.subnets.values(), *snapshot.ports.values(),
        *snapshot.groups.values(), *snapshot.address_groups.values(),
    ]  # fmt: skip


@given(steps, st.booleans())
def test_a_view_that_evolved_equals_one_built_anew(
    history: list[tuple[bool, Thing]], looked_at: bool
) -> None:
    """Whether or not its members were asked for in between."""
    snapshot = EMPTY
    for kept, thing in history:
        if kept:
            snapshot = snapshot.evolve(snapshot.revision + 1, [thing])
        else:
            snapshot = snapshot.evolve(snapshot.revision + 1, (), [(type(thing), thing.id)])
        if looked_at:
            seen(snapshot)
    assert seen(snapshot) == seen(snapshot_of(everything(snapshot)))


@given(steps)
def test_changes_made_at_once_are_those_made_one_by_one(history: list[tuple[bool, Thing]]) -> None:
    single = EMPTY
    for kept, thing in history:
        single = (
            single.evolve(1, [thing]) if kept else single.evolve(1, (), [(type(thing), thing.id)])
        )
    last = {(type(thing), thing.id): (kept, thing) for kept, thing in history}
    put = [thing for kept, thing in last.values() if kept]
    drop = [key for key, (kept, _) in last.items() if not kept]
    assert seen(EMPTY.evolve(1, put, drop)) == seen(single)


@given(st.lists(things, max_size=12, unique_by=lambda thing: (type(thing), thing.id)), st.randoms())
def test_the_order_of_things_does_not_matter(found: list[Thing], chance: object) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert seen(snapshot_of(found)) == seen(snapshot_of(shuffled))


@given(st.lists(things, max_size=12), things)
def test_the_view_before_stays_as_it_was(found: list[Thing], thing: Thing) -> None:
    before = snapshot_of(found)
    was = seen(before)
    before.evolve(1, [thing])
    before.evolve(1, (), [(type(each), each.id) for each in found])
    assert seen(before) == was


@given(st.lists(ports(), max_size=8))
def test_members_are_the_addresses_of_those_who_wear_the_group(found: list[Port]) -> None:
    snapshot = snapshot_of(found)
    for group in GROUPS:
        expected = {
            address
            for port in snapshot.ports.values()
            if group in port.security_groups
            for prefix in port.prefixes(IPV4)
            for address in range(prefix.first, prefix.last + 1)
        }
        members = snapshot.members(group, IPV4)
        assert {v for a, b in members.spans() for v in range(a, b + 1)} == expected


def test_a_group_that_nobody_wears_has_no_member() -> None:
    assert not EMPTY.members("nobody", IPV4)


def test_a_change_elsewhere_keeps_the_very_set_of_members() -> None:
    worn = Port("a", "n", 1, fixed_ips=(Prefix(IPV4, 1, 32),), security_groups=("g0",))
    before = snapshot_of([worn])
    members = before.members("g0", IPV4)
    after = before.evolve(1, [Port("b", "n", 2, security_groups=("g1",))])
    assert after.members("g0", IPV4) is members


@given(st.lists(st.sampled_from(LISTED), max_size=5))
def test_an_address_group_has_what_it_lists_by_family(prefixes: list[Prefix]) -> None:
    snapshot = snapshot_of([AddressGroup("a", "", in_order(prefixes))])
    for family in FAMILIES:
        listed = snapshot.addresses("a", family)
        for address in range(20):
            inside = any(address in prefix for prefix in prefixes if prefix.family is family)
            assert (address in listed) == inside


def test_an_address_group_that_nobody_knows_lists_nothing() -> None:
    assert not EMPTY.addresses("a", IPV4)


def test_only_another_list_makes_another_set_of_addresses() -> None:
    before = snapshot_of([AddressGroup("a", "old", (Prefix(IPV4, 1, 32),))])
    listed = before.addresses("a", IPV4)
    renamed = before.evolve(1, [AddressGroup("a", "new", (Prefix(IPV4, 1, 32),))])
    assert renamed.addresses("a", IPV4) is listed
    longer = before.evolve(1, [AddressGroup("a", "old", (Prefix(IPV4, 0, 31),))])
    assert set(longer.addresses("a", IPV4).spans()) == {(0, 1)}


def test_who_names_an_address_group_is_known_whether_it_is_there_or_not() -> None:
    snapshot = snapshot_of([naming("g0", ["a0", "a1"]), naming("g1", ["a1", "a1"])])
    assert snapshot.namers == {"a0": {"g0"}, "a1": {"g0", "g1"}}
    assert snapshot.evolve(1, [naming("g0", [])]).namers == {"a1": {"g1"}}
    assert snapshot.evolve(1, (), [(SecurityGroup, "g1")]).namers == {"a0": {"g0"}, "a1": {"g0"}}
