"""Changes that must not touch anything: they only admit more, or concern somebody else."""

from __future__ import annotations

from itertools import permutations

from damselfly.model.address import Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import TCP
from damselfly.model.network import Network, Subnet
from damselfly.model.snapshot import Thing
from damselfly.pipeline.layout import Table
from damselfly.pipeline.security.labels import labels_in
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import egress, group, host, ingress, tcp, vm

WEB = ingress("web", TCP, 80)
NEAR = ingress("db", TCP, 5432, remote_group_id="web")


def labels(rig: Rig) -> set[tuple[int, Direction, int, int]]:
    return set(labels_in(iter(rig.flows(Table.LABEL))))


def labels_of(rig: Rig, name: str) -> set[int]:
    return {label for key, _, label, _ in labels(rig) if key == rig.keys[name]}


def small_site() -> Rig:
    rig = host(group("web", WEB), group("db", NEAR), vm(1, "out"), vm(2, "out", "web"), vm(3, "db"))
    for one, other, port in ((1, 2, 80), (2, 3, 5432)):
        first = tcp(one, other, port)
        assert rig.send(f"vm{one}", first) == [f"vm{other}"]
        assert rig.send(f"vm{other}", first.reply(SYN_ACK)) == [f"vm{one}"]
    return rig


def both_run(rig: Rig) -> bool:
    return all(
        rig.send(f"vm{one}", tcp(one, other, port, ACK)) == [f"vm{other}"]
        for one, other, port in ((1, 2, 80), (2, 3, 5432))
    )


def assert_untouched_by(rig: Rig, *things: Thing) -> None:
    before, asked = _of_three(rig), rig.asked
    rig.apply(*things)
    assert _of_three(rig) == before
    assert both_run(rig)
    assert rig.asked == asked


def _of_three(rig: Rig) -> list[set[int]]:
    return [labels_of(rig, name) for name in ("vm1", "vm2", "vm3")]


def test_a_rule_more_re_judges_nothing() -> None:
    assert_untouched_by(small_site(), group("web", WEB, ingress("web", TCP, 443)))


def test_a_member_more_re_judges_nothing() -> None:
    assert_untouched_by(small_site(), vm(9, "web", host="elsewhere"))


def test_a_group_more_on_a_port_re_judges_nothing() -> None:
    more = group("more", ingress("more", TCP, 443))
    assert_untouched_by(small_site(), more, vm(3, "db", "more"))


def test_a_wider_rule_in_place_of_a_narrow_one_re_judges_nothing_that_runs() -> None:
    """The verdict that names the old rule goes, but no connection needs it."""
    assert_untouched_by(small_site(), group("web", ingress("web", TCP, 80, 90)))


def test_a_port_more_re_judges_nothing() -> None:
    assert_untouched_by(small_site(), vm(4, "out"))


def test_a_change_elsewhere_re_judges_nothing() -> None:
    rig = small_site()
    rig.apply(group("x", ingress("x", TCP, 1)), vm(5, "x"))
    assert_untouched_by(rig, group("x"), vm(6, "x"))


def test_a_narrower_policy_of_one_port_leaves_the_labels_of_the_others() -> None:
    rig = small_site()
    first, second = labels_of(rig, "vm1"), labels_of(rig, "vm3")
    rig.apply(group("web", WEB, ingress("web", TCP, 443)))
    rig.apply(group("web", WEB))
    assert (first, second) == (labels_of(rig, "vm1"), labels_of(rig, "vm3"))


def test_a_narrower_ingress_policy_leaves_the_ports_egress_label() -> None:
    rig = host(group("both", ingress("both", TCP, 80), egress("both")), vm(2, "both"))
    before = {(way, label) for _, way, label, _ in labels(rig)}
    rig.apply(group("both", egress("both")))
    after = {(way, label) for _, way, label, _ in labels(rig)}
    assert {way for way, _ in before & after} == {Direction.EGRESS}


def test_no_label_ever_comes_back() -> None:
    rig = small_site()
    seen = [labels_of(rig, "vm2")]
    for rules in ((), (WEB,), (), (WEB,)):
        rig.apply(group("web", *rules))
        seen.append(labels_of(rig, "vm2"))
    minted = [label for labels in seen for label in labels]
    changed = {label for label in minted if minted.count(label) < len(seen)}
    assert len(changed) == 3
    assert 0 not in minted


def test_a_group_that_nobody_wears_here_costs_no_flow() -> None:
    rig = small_site()
    assert rig.apply(group("idle", ingress("idle", TCP, 1)), vm(7, "idle", host="elsewhere")) == 0


def test_a_port_that_goes_leaves_no_flow_no_verdict_and_no_connection() -> None:
    rig = small_site()
    rig.apply(vm(4, "out"))
    before = {flow.key for table in Table for flow in rig.flows(table)}
    rig.apply(vm(8, "web"))
    rig.send("vm1", tcp(1, 8, 80))
    rig.send("vm1", tcp(1, 8, 81))
    key = rig.keys["vm8"]
    rig.unplug("vm8")
    left = {flow.key for table in Table for flow in rig.flows(table)} - before
    assert not [k for k in left if any(term.value == key for term in k.match)]
    assert not [c for c in rig.switch.connections() if c.zone == key]


def test_assembly_does_not_depend_on_the_order_of_events() -> None:
    things: list[Thing] = [
        Network("net"), Subnet("sub", "net", Prefix.parse("10.0.0.0/24")),
        group("web", WEB), group("db", NEAR), vm(1, "web"), vm(2, "db", "web"),
    ]  # fmt: skip
    found = set()
    for order in list(permutations(things))[::37]:
        rig = Rig()
        rig.keys = {"vm1": 1, "vm2": 2}
        rig.plugged = {"vm1": 21, "vm2": 22}
        for thing in order:
            rig.apply(thing)
        found.add(frozenset(_unlabelled(rig)))
    assert len(found) == 1


def _unlabelled(rig: Rig) -> list[str]:
    """Spell all flows but for the labels, which are random."""
    numbers = {label: "label" for _, _, label, _ in labels(rig)}
    return [
        str((flow.table, flow.priority, [_hidden(term, numbers) for term in flow.match],
             [_hidden(action, numbers) for action in flow.actions], flow.cookie))
        for table in Table
        for flow in rig.flows(table)
    ]  # fmt: skip


def _hidden(part: object, numbers: dict[int, str]) -> str:
    value = getattr(part, "value", None)
    return f"{type(part).__name__} {numbers[value]}" if value in numbers else str(part)
