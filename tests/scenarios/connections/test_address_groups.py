"""What a change of an address group does to live connections, and to what need not know."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV6, Prefix
from damselfly.model.group import TCP, AddressGroup, in_order
from damselfly.pipeline.layout import Table
from tests.scenarios.frames import ACK, SYN_ACK
from tests.scenarios.rig import Rig
from tests.scenarios.vms import egress, frame, group, host, ingress, tcp, vm

NEAR = ingress("web", TCP, 80, remote_address_group_id="office")


def office(*listed: str, name: str = "office") -> AddressGroup:
    return AddressGroup("office", name, in_order(map(Prefix.parse, listed)))


def site(*listed: str) -> Rig:
    """VMs 1 and 3 are clients of VM 2, which serves the office."""
    return host(office(*listed), group("web", NEAR), vm(1, "out"), vm(2, "web"), vm(3, "out"))


def established(rig: Rig, client: int) -> None:
    first = tcp(client, 2, 80)
    assert rig.send(f"vm{client}", first) == ["vm2"]
    assert rig.send("vm2", first.reply(SYN_ACK)) == [f"vm{client}"]


def alive(rig: Rig, client: int) -> tuple[bool, bool]:
    """Tell whether the connection passes, from the client and from the server."""
    forth = tcp(client, 2, 80, ACK)
    back = rig.send("vm2", forth.reply(ACK)) == [f"vm{client}"]
    return rig.send(f"vm{client}", forth) == ["vm2"], back


BOTH, NEITHER = (True, True), (False, False)


def test_an_address_that_is_not_listed_is_denied() -> None:
    rig = site("10.0.0.1")
    established(rig, 1)
    assert rig.send("vm3", tcp(3, 2, 80)) == []


def test_an_address_that_leaves_cuts_its_connections_and_no_others() -> None:
    rig = site("10.0.0.1", "10.0.0.3")
    established(rig, 1)
    established(rig, 3)
    rig.apply(office("10.0.0.3"))
    assert alive(rig, 1) == NEITHER
    assert alive(rig, 3) == BOTH


def test_an_address_that_leaves_and_returns() -> None:
    rig = site("10.0.0.1")
    established(rig, 1)
    rig.apply(office())
    assert alive(rig, 1) == NEITHER
    rig.apply(office("10.0.0.1"))
    assert alive(rig, 1) == BOTH


def test_a_prefix_of_the_group_that_shrinks_cuts_those_outside_only() -> None:
    rig = site("10.0.0.0/29")
    established(rig, 1)
    established(rig, 3)
    rig.apply(office("10.0.0.2/31"))
    assert alive(rig, 1) == NEITHER
    assert alive(rig, 3) == BOTH


def test_an_address_that_another_prefix_lists_too_may_leave() -> None:
    rig = site("10.0.0.1", "10.0.0.0/30")
    established(rig, 1)
    rig.apply(office("10.0.0.0/30"))
    asked = rig.asked
    assert alive(rig, 1) == BOTH
    assert rig.asked == asked


def test_an_address_more_re_judges_nothing() -> None:
    rig = site("10.0.0.1")
    established(rig, 1)
    before, asked = set(rig.flows(Table.LABEL)), rig.asked
    rig.apply(office("10.0.0.1", "192.0.2.0/24", "fd00::/64"))
    assert set(rig.flows(Table.LABEL)) == before
    assert alive(rig, 1) == BOTH
    assert rig.asked == asked


def test_a_change_of_a_long_list_rewrites_one_flow_and_no_port() -> None:
    many = [f"192.0.{n >> 8}.{n & 0xFF}" for n in range(0, 2000, 2)]
    rig = site("10.0.0.1", *many)
    assert rig.apply(office("10.0.0.1", *many, "198.51.100.1")) == 1


def test_an_address_group_that_is_deleted_admits_nobody() -> None:
    rig = site("10.0.0.1")
    established(rig, 1)
    rig.apply(drop=[(AddressGroup, "office")])
    assert alive(rig, 1) == NEITHER
    rig.apply(office("10.0.0.1"))
    assert alive(rig, 1) == BOTH


def test_an_address_that_leaves_cuts_what_was_opened_towards_it() -> None:
    far = egress("client", TCP, remote_address_group_id="office")
    rig = host(
        office("10.0.0.2"),
        group("client", far),
        group("web", ingress("web", TCP, 80)),
        vm(1, "client"),
        vm(2, "web"),
    )
    established(rig, 1)
    rig.apply(office("10.0.0.3"))
    assert alive(rig, 1) == NEITHER


def test_each_family_has_its_own_part_of_the_list() -> None:
    sixth = ingress("web", TCP, 80, remote_address_group_id="office", family=IPV6)
    rig = host(office("10.0.0.1", "fd00::1"), group("web", NEAR, sixth), vm(1, "out"), vm(2, "web"))
    first = frame(1, 2, TCP, 1000, 80, family=IPV6)
    assert rig.send("vm1", first) == ["vm2"]
    established(rig, 1)
    rig.apply(office("fd00::1"))
    assert rig.send("vm1", frame(1, 2, TCP, 1000, 80, family=IPV6, flags=ACK)) == ["vm2"]
    assert alive(rig, 1) == NEITHER


@pytest.mark.parametrize("now", [office("10.0.0.3"), office()])
def test_an_address_that_left_while_the_agent_was_gone_is_cut_at_its_start(
    now: AddressGroup,
) -> None:
    rig = site("10.0.0.1", "10.0.0.3")
    established(rig, 1)
    rig.stop()
    rig.write(now)
    rig.restart()
    rig.enforce()
    assert alive(rig, 1) == NEITHER


def test_a_restart_with_an_unchanged_list_sends_nothing_and_touches_nothing() -> None:
    rig = site("10.0.0.1", "10.0.0.3")
    established(rig, 1)
    rig.write(office("10.0.0.3", "10.0.0.1", name="renamed"))
    rig.restart()
    assert rig.enforce() == 0
    assert alive(rig, 1) == BOTH
    assert rig.asked == 0


def test_policy_a_b_a_with_an_idle_connection() -> None:
    """VM 3 was listed for a while; back under A, its old label must be worth nothing."""
    rig = site("10.0.0.1")
    rig.apply(office("10.0.0.1", "10.0.0.3"))
    established(rig, 3)
    rig.apply(office("10.0.0.1"))
    assert alive(rig, 3) == NEITHER


def test_a_list_that_no_local_rule_names_costs_no_flow() -> None:
    rig = site("10.0.0.1")
    idle = group("idle", ingress("idle", TCP, 1, remote_address_group_id="other"))
    other = AddressGroup("other", "", (Prefix.parse("10.0.0.0/8"),))
    assert rig.apply(idle, other, vm(7, "idle", host="elsewhere")) == 0
