"""Several processes at once, any of which may die at any step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.port import Port
from damselfly.neutron.keeping import Keeper, differences
from damselfly.neutron.keeping.comparing import PREFIXES
from damselfly.neutron.translate import Kind, Target
from damselfly.northbound.codec import Stored
from tests.neutron_driver.world import Worker, World

GROUP = Target(Kind.GROUP, "g")
RULE = Target(Kind.RULE, "r", "g")
PORT = Target(Kind.PORT, "p")


@dataclass(frozen=True)
class Request:
    """One change of one resource."""

    target: Target
    thing: Stored | None


def ports() -> st.SearchStrategy[Stored]:
    groups = st.frozensets(st.sampled_from(["g", "h", "i"])).map(lambda ids: tuple(sorted(ids)))
    address = (Prefix.parse("10.0.0.7"),)
    return st.builds(
        lambda worn, name: Port("p", "n", 2, name=name, fixed_ips=address, security_groups=worn),
        groups,
        st.sampled_from(["a", "b"]),
    )


GROUPS = st.sampled_from(["a", "b"]).map(lambda name: SecurityGroup("g", name))
A_RULE = Rule("r", "g", Direction.INGRESS, IPV4)
REQUESTS = (
    st.builds(Request, st.just(PORT), st.none() | ports())
    | st.builds(Request, st.just(GROUP), st.none() | GROUPS)
    | st.builds(Request, st.just(RULE), st.none() | st.just(A_RULE))
)
HISTORIES = st.lists(REQUESTS, min_size=2, max_size=4).map(
    lambda later: [Request(GROUP, SecurityGroup("g", "web")), *later]
)
ORDERS = st.lists(st.integers(0, 4), max_size=50)


def serve(world: World, request: Request, keeper: Keeper) -> None:
    """Do what a request does: one transaction, then the store."""
    keeper.bring(world.database.change(request.target, request.thing))


@given(HISTORIES, ORDERS)
@settings(max_examples=150)
def test_whatever_the_order_of_steps_the_store_ends_in_line(
    history: list[Request], order: list[int]
) -> None:
    world = World()
    workers = [Worker(world, partial(serve, world, request)) for request in history]
    world.run(workers, order)
    assert world.is_in_line()
    assert not world.database.unsettled()


@given(HISTORIES, ORDERS, st.lists(st.none() | st.integers(0, 8), min_size=5, max_size=5))
@settings(max_examples=150)
def test_whoever_dies_wherever_repair_ends_in_line(
    history: list[Request], order: list[int], deaths: list[int | None]
) -> None:
    world = World()
    workers = [
        Worker(world, partial(serve, world, request), dies)
        for request, dies in zip(history, deaths, strict=False)
    ]
    world.run(workers, order)
    world.keeper.bring(world.database.unsettled())
    for found in list(differences(world.shelf.read(PREFIXES).objects, world.database.everything())):
        assert found.target is not None
        assert world.keeper.mend(found.target, found.actual)
    assert world.is_in_line()
    assert not world.database.unsettled()


@given(HISTORIES, st.integers(0, 8))
@settings(max_examples=100)
def test_a_death_alone_is_found_by_the_journal(history: list[Request], step: int) -> None:
    """Where requests follow one another, the journal names all that is left to do."""
    world = World()
    for request in history:
        worker = Worker(world, partial(serve, world, request), step)
        while not worker.done:
            worker.step()
    world.keeper.bring(world.database.unsettled())
    assert world.is_in_line()
    assert not world.database.unsettled()


def test_a_late_writer_does_not_bring_back_what_is_gone() -> None:
    """The maker of a rule reads it; another deletes it and is done; then the maker writes."""
    world = World()
    world.keeper.bring(world.database.change(GROUP, SecurityGroup("g", "web")))
    maker = Worker(world, partial(serve, world, Request(RULE, A_RULE)))
    for _ in range(4):
        maker.step()
    world.keeper.bring(world.database.change(RULE, None))
    while not maker.done:
        maker.step()
    assert world.is_in_line()


def test_a_late_writer_that_dies_has_not_overwritten_what_is_newer() -> None:
    world = World()
    world.keeper.bring(world.database.change(GROUP, SecurityGroup("g", "first")))
    late = partial(serve, world, Request(GROUP, SecurityGroup("g", "second")))
    writer = Worker(world, late, dies_before=5)
    for _ in range(4):
        writer.step()
    world.keeper.bring(world.database.change(GROUP, SecurityGroup("g", "third")))
    while not writer.done:
        writer.step()
    assert world.is_in_line()
    assert not world.database.unsettled()
