"""Whose connection an entry of the tracker is, by which rule, and what a change would cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from damselfly.cli.traffic.cuts import cuts
from damselfly.cli.traffic.judge import Judge
from damselfly.cli.traffic.live import Live, Standing, understood
from damselfly.model.address import IPV4, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import SCTP, TCP, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.packet import Packet
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot, snapshot_of
from damselfly.pipeline.digest import rule_mark
from damselfly.policy.decision import decide
from damselfly.southbound.conntrack import Tracked

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
ONE, TWO = 0x0A000001, 0x0A000002
OUT = Rule("out", "g", EGRESS, IPV4)
HTTP = Rule("http", "g", INGRESS, IPV4, TCP, 80, 80)
SSH = Rule("ssh", "g", INGRESS, IPV4, TCP, 22, 22)
LABELS = {(1, INGRESS): 0x11, (1, EGRESS): 0x12, (2, INGRESS): 0x21, (2, EGRESS): 0x22}


def port(number: int, *groups: str) -> Port:
    address = Prefix.parse(f"10.0.0.{number}")
    return Port(f"p{number}", "net", number, fixed_ips=(address,), security_groups=groups)


def policy(*rules: Rule) -> Snapshot:
    return snapshot_of([SecurityGroup("g", "g", rules), port(1, "g"), port(2, "g")])


ALL = policy(HTTP, OUT, SSH)


def tcp(to: int, *, zone: int, label: int, rule: Rule = HTTP) -> Tracked:
    return Tracked(zone, Packet(IPV4, TCP, ONE, TWO, 40000, to), rule_mark(rule), label)


def read(entries: Iterable[Tracked], view: Snapshot = ALL) -> list[Live]:
    ports = {1: port(1, "g"), 2: port(2, "g")}
    return list(understood("h", entries, ports, LABELS, view))


WEB = [tcp(80, zone=1, label=0x12, rule=OUT), tcp(80, zone=2, label=0x21)]
SHELL = [tcp(22, zone=1, label=0x12, rule=OUT), tcp(22, zone=2, label=0x21, rule=SSH)]


def ended(planned: Snapshot, now: Snapshot = ALL) -> list[tuple[str, str, str]]:
    found = cuts(read([*WEB, *SHELL], now), now, planned)
    return [(cut.end.port.id, str(cut.end.entry.packet.tp_dst), cut.because) for cut in found]


def test_each_end_has_its_own_rule() -> None:
    said = [(end.port.id, end.direction, end.rule, end.standing) for end in read(WEB)]
    assert said == [
        ("p1", EGRESS, OUT, Standing.CURRENT),
        ("p2", INGRESS, HTTP, Standing.CURRENT),
    ]


def test_zones_of_no_port_of_the_policy_are_passed_over() -> None:
    assert read([tcp(80, zone=9, label=0x21), tcp(80, zone=0, label=0)]) == []


def test_a_connection_with_an_older_label_is_judged_by_the_policy_in_force() -> None:
    old = [tcp(80, zone=2, label=0x99), tcp(22, zone=2, label=0x99, rule=SSH)]
    assert [end.standing for end in read(old)] == [Standing.AGAIN, Standing.AGAIN]
    assert [end.standing for end in read(old, policy(HTTP, OUT))] == [Standing.AGAIN, Standing.CUT]


def test_a_connection_without_label_is_never_current() -> None:
    (end,) = understood("h", [tcp(80, zone=2, label=0)], {2: port(2, "g")}, {}, ALL)
    assert end.standing is Standing.AGAIN


def test_a_rule_that_is_gone_is_not_named() -> None:
    (end,) = read([tcp(22, zone=2, label=0x21, rule=SSH)], policy(HTTP, OUT))
    assert end.rule is None


def test_without_label_and_rule_the_opener_tells_the_direction() -> None:
    gone = replace(HTTP, id="gone")
    ends = read([tcp(80, zone=zone, label=0x99, rule=gone) for zone in (1, 2)])
    assert [end.direction for end in ends] == [EGRESS, INGRESS]


def test_a_policy_that_stays_cuts_nothing() -> None:
    assert ended(ALL) == []


def test_a_policy_that_only_widens_cuts_nothing() -> None:
    assert ended(policy(HTTP, OUT, SSH, Rule("any", "g", INGRESS, IPV4))) == []


def test_a_rule_that_goes_cuts_what_no_other_admits() -> None:
    assert ended(policy(HTTP, OUT)) == [("p2", "22", "none of 1 ingress rules admits it")]
    wider = Rule("low", "g", INGRESS, IPV4, TCP, 1, 1023)
    assert ended(policy(HTTP, OUT, wider)) == []


def test_an_egress_rule_that_goes_cuts_at_the_senders_end() -> None:
    assert [cut[:2] for cut in ended(policy(HTTP, SSH))] == [("p1", "80"), ("p1", "22")]


def test_what_is_denied_already_is_not_cut_by_the_change() -> None:
    now = policy(HTTP, OUT)
    assert ended(policy(OUT), now) == [
        ("p2", "80", "no ingress rule of its groups is for this address family")
    ]


def test_a_port_that_goes_or_moves_takes_its_connections_along() -> None:
    gone = ALL.evolve(2, drop=[(Port, "p2")])
    assert [cut[0] for cut in ended(gone)] == ["p2", "p2"]
    moved = ALL.evolve(2, [Network("other"), replace(port(2, "g"), network_id="other")])
    assert {cut[2] for cut in ended(moved)} == {"the port moves to network other"}


def test_an_address_that_the_port_loses_takes_its_connections_along() -> None:
    renamed = replace(port(1, "g"), fixed_ips=(Prefix.parse("10.0.0.9"),))
    lost = "10.0.0.1 is no address of the port any more"
    assert {cut[0]: cut[2] for cut in ended(ALL.evolve(2, [renamed]))} == {"p1": lost}
    trusted = replace(renamed, port_security_enabled=False)
    assert ended(ALL.evolve(2, [trusted])) == []


def test_a_port_without_groups_loses_everything() -> None:
    bare = ALL.evolve(2, [port(2)])
    assert [cut[0] for cut in ended(bare)] == ["p2", "p2"]


@given(
    st.lists(st.sampled_from([OUT, HTTP, SSH, Rule("any", "g", INGRESS, IPV4)]), unique=True),
    st.integers(1, 100),
    st.sampled_from([INGRESS, EGRESS]),
    st.booleans(),
)
def test_many_are_judged_as_each_is(
    rules: list[Rule], to: int, direction: Direction, filtered: bool
) -> None:
    view = policy(*rules).evolve(2, [replace(port(2, "g"), port_security_enabled=filtered)])
    asked = (view.ports["p2"], direction, Packet(IPV4, TCP, ONE, TWO, 40000, to))
    assert Judge(view).admits(*asked) is decide(view, *asked).allowed
    shut = view.evolve(3, closed={"p2": "cannot be read"})
    assert Judge(shut).admits(*asked) is decide(shut, *asked).allowed is False


def test_a_change_to_stateless_cuts_what_no_rule_answers() -> None:
    """Afterwards each packet needs a rule, the answers as well."""
    answers = Rule("answers", "g", EGRESS, IPV4, TCP, 40000, 40000)
    loose = SecurityGroup("g", "g", (HTTP, SSH, answers), stateful=False)
    planned = snapshot_of([loose, port(1), port(2, "g")])
    [web, shell] = read([tcp(80, zone=2, label=0x21), tcp(22, zone=2, label=0x21, rule=SSH)])
    assert list(cuts([web, shell], ALL, planned)) == []
    unanswered = snapshot_of([replace(loose, rules=(HTTP, SSH)), port(1), port(2, "g")])
    found = list(cuts([web, shell], ALL, unanswered))
    assert [one.end.entry.packet.tp_dst for one in found] == [80, 22]
    assert "stateless, and of its answers: no egress rule" in found[0].because


def test_of_sctp_nothing_is_said_to_be_cut() -> None:
    """One entry stands for all associations of two hosts, and knows no ports."""
    pair = Tracked(2, Packet(IPV4, SCTP, ONE, TWO), rule_mark(HTTP), 0x21)
    found = read([pair])
    assert [end.standing for end in found] == [Standing.PER_PACKET]
    assert list(cuts(found, ALL, policy())) == []
