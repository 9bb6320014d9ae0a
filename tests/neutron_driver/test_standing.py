"""What the agents say of hosts and ports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from damselfly.neutron.duty.standing import Standing
from damselfly.northbound import keys
from damselfly.northbound.status import AgentStatus, PortState, PortStatus, write_status
from damselfly.northbound.store import Change, Contents

HOST = "compute1"


def status(host: str = HOST, revision: int = 10, **ports: PortState) -> AgentStatus:
    told = tuple(PortStatus(port_id, state) for port_id, state in sorted(ports.items()))
    return AgentStatus(
        host=host, bridge="br-int", ovsdb="", management="", pid=1, version="1", started_at=0,
        updated_at=0, revision=revision, revision_at=0, ports=told,
    )  # fmt: skip


def standing(*statuses: AgentStatus) -> Standing:
    changes = dict(write_status(one) for one in statuses)
    return Standing(Contents(1, {key: value for key, value in changes.items() if value}))


def say(known: Standing, said: AgentStatus, revision: int = 99) -> set[str]:
    hosts, ports = known.take(revision, [write_status(said)])
    assert hosts == {said.host}
    return ports


def write(known: Standing, port_id: str, revision: int, value: Any = b"{}") -> set[str]:
    return known.take(revision, [Change(keys.port(port_id), value)])[1]


def test_a_port_is_active_where_its_agent_says_so() -> None:
    known = standing(status(a="active", b="down", c="closed"))
    assert [known.on(port, HOST) for port in "abc"] == [True, False, False]
    assert known.on("a", "elsewhere") is None
    assert known.on("unheard", HOST) is None


def test_only_ports_with_news_are_due() -> None:
    known = standing(status(a="active", b="active"))
    assert say(known, status(a="active", b="active")) == set()
    assert say(known, status(a="active", b="down", c="active")) == {"b", "c"}


def test_a_port_that_left_the_host_is_not_active_there() -> None:
    known = standing(status(a="active"))
    assert say(known, status()) == {"a"}
    assert known.on("a", HOST) is False


def test_a_port_on_two_hosts_is_judged_where_it_is_bound() -> None:
    known = standing(status(a="active"), status("compute2", a="down"))
    assert known.on("a", HOST) is True
    assert known.on("a", "compute2") is False


def test_a_port_of_which_no_agent_speaks_is_never_due() -> None:
    known = standing(status(a="active"))
    assert write(known, "b", 20) == set()
    assert say(known, status(revision=20, a="active", b="active")) == {"b"}
    assert known.on("b", HOST) is True


def test_a_port_that_was_written_anew_waits_until_its_agent_has_seen_that() -> None:
    known = standing(status(revision=10, a="active"))
    assert write(known, "a", 20) == {"a"}
    assert known.on("a", HOST) is None
    assert say(known, status(revision=19, a="active")) == set()
    assert known.on("a", HOST) is None
    assert say(known, status(revision=20, a="active")) == {"a"}
    assert known.on("a", HOST) is True
    assert say(known, status(revision=21, a="active")) == set()


def test_an_agent_that_was_stopped_says_nothing_about_its_ports() -> None:
    """Its flows stay, and so do its ports."""
    known = standing(status(a="active"))
    known.take(5, [write_status(replace(status(a="active"), stopped=True))])
    assert known.on("a", HOST) is None


def test_a_host_whose_status_goes_is_forgotten() -> None:
    known = standing(status(a="active"))
    hosts, ports = known.take(5, [Change(keys.agent_status(HOST), None)])
    assert (hosts, ports) == ({HOST}, {"a"})
    assert known.on("a", HOST) is None
    assert not known.hosts


def test_a_status_that_cannot_be_read_says_nothing() -> None:
    known = standing(status(a="active"))
    known.take(5, [Change(keys.agent_status(HOST), b"not json")])
    assert known.on("a", HOST) is None


def test_a_deleted_port_is_forgotten() -> None:
    known = standing(status(a="active"))
    write(known, "a", 20, None)
    assert list(known.ports()) == []
