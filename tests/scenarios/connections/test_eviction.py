"""Where a port has as many verdicts as it may have, those make room that are used least."""

from __future__ import annotations

from damselfly.agent.eviction.looks import Looks
from damselfly.agent.reactive import Fate
from damselfly.agent.verdicts import Budgets
from damselfly.model.direction import Direction
from damselfly.model.group import TCP
from tests.scenarios.rig import Rig, done
from tests.scenarios.vms import group, host, ingress, tcp, vm

from .test_verdicts_in_force import in_step

OPEN = range(1, 60, 2)


def crowd(deny_budget: int, budget: int = 4096) -> tuple[Rig, Looks]:
    rules = [ingress("web", TCP, port) for port in OPEN]
    rig = host(
        group("web", *rules), vm(1, "out"), vm(2, "web"), deny_budget=deny_budget, budget=budget
    )
    looks = Looks(rig.enforcement.verdicts, Budgets(deny_budget, budget), pause=0)
    return rig, looks


def knock(rig: Rig, *ports: int) -> None:
    for port in ports:
        assert rig.send("vm1", tcp(1, 2, port)) == (["vm2"] if port in OPEN else [])


def test_a_denial_out_of_use_makes_room_for_one_that_is_asked_about() -> None:
    rig, looks = crowd(deny_budget=4)
    knock(rig, 2, 4, 6, 8)
    done(looks.look(rig.switch))
    knock(rig, 2, 6, 8)
    done(looks.look(rig.switch))
    knock(rig, 10)
    assert rig.fate(Fate.UNREMEMBERED) == 0
    asked = rig.asked
    knock(rig, 2, 6, 8, 10)
    assert rig.asked == asked
    assert rig.denials() == 4
    assert in_step(rig)


def test_a_denial_in_use_stays_and_the_port_is_full() -> None:
    rig, looks = crowd(deny_budget=4)
    judged = rig.keys["vm2"], Direction.INGRESS
    for _ in range(2):
        knock(rig, 2, 4, 6, 8)
        done(looks.look(rig.switch))
    assert rig.enforcement.verdicts.is_full(judged, Budgets(4, 4096))
    knock(rig, 10)
    assert rig.fate(Fate.UNREMEMBERED) == 1
    done(looks.look(rig.switch))
    assert not rig.enforcement.verdicts.is_full(judged, Budgets(4, 4096))
    assert in_step(rig)


def test_of_allowances_the_one_that_is_used_least_makes_room() -> None:
    rig, looks = crowd(deny_budget=4, budget=4)
    knock(rig, 1, 3, 5, 7)
    done(looks.look(rig.switch))
    knock(rig, 1, 3, 7, 1, 7)
    done(looks.look(rig.switch))
    knock(rig, 9, 11)
    asked = rig.asked
    knock(rig, 1, 7, 9, 11)
    assert rig.asked == asked
    assert in_step(rig)


def test_for_an_allowance_a_denial_goes_even_if_it_is_used_more() -> None:
    rig, looks = crowd(deny_budget=4, budget=4)
    knock(rig, 1, 3, 5, 2)
    for _ in range(2):
        knock(rig, 2, 2, 2, 1)
        done(looks.look(rig.switch))
    knock(rig, 7)
    assert rig.denials() == 0
    assert in_step(rig)


def test_a_port_that_is_not_crowded_any_more_is_not_looked_at() -> None:
    rig, looks = crowd(deny_budget=4)
    knock(rig, 2, 4, 6, 8)
    done(looks.look(rig.switch))
    rig.apply(group("web", *(ingress("web", TCP, port) for port in range(60))))
    done(looks.look(rig.switch))
    rig.apply(group("web"))
    knock(rig, 2)
    assert rig.enforcement.verdicts.crowded(Budgets(4, 4096)) == {}
    assert in_step(rig)
