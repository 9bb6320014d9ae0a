"""status, explain and verify, where no switch is within reach."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from damselfly.northbound.status import PortStatus

from .conftest import Damselfly
from .test_waiting import STATUS, report


def asked(shop: Damselfly, source: str, destination: str, *options: str) -> Any:
    return shop("explain", "--from", source, "--to", destination, *options, "-o", "json").data


def test_an_allowed_connection_names_its_rules(shop: Damselfly) -> None:
    answer = asked(shop, "web-1", "app-1", "--port", "8085")
    assert answer["allowed"]
    assert [(end["port"], end["direction"], end["rule"]) for end in answer["ends"]] == [
        ("web-1", "egress", "web:egress:ipv4:tcp:8080-8089:@app"),
        ("app-1", "ingress", "app-from-web-ipv4"),
    ]


def test_a_denied_connection_says_why_each_rule_failed(shop: Damselfly) -> None:
    answer = asked(shop, "attacker", "db-1", "--port", "5432")
    assert not answer["allowed"]
    sender, receiver = answer["ends"]
    assert (sender["allowed"], receiver["allowed"]) == (True, False)
    assert "not a member of group app" in receiver["failed"]["db:ingress:ipv4:tcp:5432:@app"]


@pytest.mark.parametrize("source", ["web-1", "10.20.0.11"])
@pytest.mark.parametrize("destination", ["app-1", "10.20.0.21"])
def test_ends_go_by_name_or_address(shop: Damselfly, source: str, destination: str) -> None:
    assert asked(shop, source, destination, "--port", "8080")["allowed"]


def test_an_outsider_is_judged_at_the_other_end_only(shop: Damselfly) -> None:
    answer = asked(shop, "203.0.113.7", "web-1", "--port", "80")
    assert [end["port"] for end in answer["ends"]] == ["web-1"]
    answer = asked(shop, "attacker", "2001:db8::1", "--port", "80")
    assert [end["port"] for end in answer["ends"]] == ["attacker"]


def test_icmp_is_an_echo_request_of_the_family_unless_told(shop: Damselfly) -> None:
    assert asked(shop, "bastion", "db-1", "--protocol", "icmp")["allowed"]
    assert not asked(shop, "bastion", "db-1", "--protocol", "icmp", "--family", "6")["allowed"]
    assert not asked(shop, "bastion", "db-1", "--protocol", "icmp", "--type", "0")["allowed"]
    assert asked(shop, "bastion", "web-1", "--protocol", "ipv6-icmp")["allowed"]


DISCOVERY = ["--protocol", "ipv6-icmp", "--type"]


@pytest.mark.parametrize(
    ("ends", "options", "allowed", "words"),
    [
        (("db-1", "web-1"), ["--protocol", "arp"], True, "ARP passes"),
        (("db-1", "web-1"), [*DISCOVERY, "135"], True, "look for neighbours"),
        (("db-1", "web-1"), [*DISCOVERY, "136"], True, "advertise its own addresses"),
        (("bastion", "web-1"), [*DISCOVERY, "134"], False, "may not play router"),
        (("bastion", "web-1"), [*DISCOVERY, "2"], False, "answers a live connection"),
        (("bastion", "app-1"), ["--protocol", "icmp", "--type", "3"], False, "answers a live"),
        (
            ("db-1", "255.255.255.255"),
            ["--protocol", "udp", "--port", "67", "--source-port", "68"],
            True,
            "may ask its servers",
        ),
        (
            ("bastion", "web-1"),
            ["--protocol", "udp", "--port", "68", "--source-port", "67"],
            False,
            "may not play DHCP server",
        ),
    ],
)
def test_what_is_built_in_is_explained_before_any_rule(
    shop: Damselfly, ends: tuple[str, str], options: list[str], allowed: bool, words: str
) -> None:
    answer = asked(shop, *ends, *options)
    assert answer["allowed"] is allowed
    sender = answer["ends"][0]
    assert (sender["rules_asked"], sender["rule"]) == (False, None)
    assert words in sender["because"]
    assert words in shop("explain", "--from", ends[0], "--to", ends[1], *options).out


def test_messages_that_the_tracker_cannot_follow_are_explained(shop: Damselfly) -> None:
    answer = asked(shop, "bastion", "app-1", "--protocol", "icmp", "--type", "17")
    assert (answer["allowed"], "judged for itself" in answer["note"]) == (True, True)
    assert asked(shop, "bastion", "app-1", "--protocol", "icmp")["note"] is None


def test_a_stateless_port_and_sctp_are_explained(shop: Damselfly, tmp_path: Path) -> None:
    file = tmp_path / "loose.yaml"
    file.write_text(
        "security_groups: [{name: loose, stateful: false, rules: [{direction: ingress}]}]\n"
        "ports: [{name: bare, network_id: shop, mac_address: 02:00:00:00:00:01,"
        " fixed_ips: [10.20.0.99], security_groups: [loose]}]\n"
    )
    assert shop("apply", file).code == 0
    answer = asked(shop, "attacker", "bare", "--port", "80")
    assert [end["per_packet"] for end in answer["ends"]] == [False, True]
    said = shop("explain", "--from", "attacker", "--to", "bare", "--port", "80").out
    assert "packet by packet: the group is stateless" in said
    sctp = asked(shop, "attacker", "web-1", "--port", "80", "--protocol", "sctp")
    assert "keeps no SCTP ports" in sctp["note"]
    file.write_text(
        "security_groups: [{name: loose, rules: [{direction: ingress, "
        "protocol: udplite, port_range_min: 5, port_range_max: 5}]}]"
    )
    refused = shop("apply", file)
    assert (refused.code, "ports of udplite" in refused.err) == (2, True)


def test_ports_of_different_networks_never_meet(shop: Damselfly, tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(
        "networks: [{name: other, subnets: [{cidr: 10.20.0.0/24}]}]\n"
        "ports: [{name: far, network_id: other, mac_address: 02:00:00:00:00:01,"
        " fixed_ips: [10.20.0.99]}]\n"
    )
    assert shop("apply", file).code == 0
    answer = asked(shop, "attacker", "far", "--port", "80")
    assert (answer["allowed"], "never meet" in answer["problem"]) == (False, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "web-1", "--to", "app-1"], "--port is missing"),
        (["--from", "web-9", "--to", "app-1", "--port", "1"], "did you mean web-1"),
        (["--from", "1.1.1.1", "--to", "2.2.2.2", "--port", "1"], "belongs to a port"),
        (["--from", "1.1.1.1", "--to", "fd20::11", "--port", "1"], "no address family in common"),
        (["--from", "web-1", "--to", "10.20.0.21", "--port", "1", "--family", "6"], "no IPv6"),
        (["--from", "web-1", "--to", "app-1", "--protocol", "icmp", "--port", "1"], "--type"),
        (["--from", "web-1", "--to", "app-1", "--port", "1", "--type", "8"], "for ICMP"),
        (["--from", "web-1", "--to", "app-1", "--protocol", "gre", "--port", "1"], "has no ports"),
        (["--from", "web-1", "--to", "app-1", "--protocol", "tpc"], "--protocol: 'tpc'"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    shop: Damselfly, options: list[str], words: str
) -> None:
    answer = shop("explain", *options)
    assert (answer.code, words in answer.err) == (2, True), answer


def test_explain_speaks_to_people_too(shop: Damselfly) -> None:
    answer = shop("explain", "--from", "stray", "--to", "web-1", "--port", "22")
    assert answer.code == 0
    assert answer.out.startswith("denied: stray (10.20.0.50) → web-1 (10.20.0.11), tcp port 22\n")


def test_status_tells_live_agents_from_silent_ones(shop: Damselfly, store_url: str) -> None:
    port = PortStatus("web-1", "closed", "web-1", reason="its group web cannot be read")
    now = time.time()
    report(
        store_url,
        replace(STATUS, host="h1", updated_at=now, revision=7, revision_at=now, ports=(port,)),
        replace(STATUS, host="h2", updated_at=now - 3600),
    )
    text = shop("status").out
    assert "h1: live" in text
    assert "h2: SILENT, heard 1 h ago" in text
    assert "its group web cannot be read" in text
    said = {agent["host"]: agent["live"] for agent in shop("status", "-o", "json").data["agents"]}
    assert said == {"h1": True, "h2": False}


def test_status_tells_who_has_stopped_and_who_is_saturated(shop: Damselfly, store_url: str) -> None:
    port = PortStatus("web-1", "active", "web-1", 3, 5, verdicts_deny=1024, saturated=True)
    now = time.time()
    fates = {"denied": 1024, "unremembered": 7, "stale": 0}
    stopped = replace(STATUS, updated_at=now, stopped=True, ports=(port,), fates=fates)
    report(store_url, replace(stopped, packets_in=1031))
    text = shop("status").out
    assert "h1: stopped" in text
    assert "saturated" in text
    assert "1031 (denied 1024, unremembered 7)" in text
    (agent,) = shop("status", "-o", "json").data["agents"]
    assert (agent["live"], agent["ports"][0]["saturated"]) == (False, True)


def test_status_without_agents_says_so(shop: Damselfly) -> None:
    answer = shop("status")
    assert (answer.code, "no agent has ever reported" in answer.out) == (0, True)


def test_status_names_what_cannot_be_read(
    shop: Damselfly, store_url: str, broken_port: Any
) -> None:
    broken_port(store_url, "web-1")
    assert "/port/web-1" in shop("status").out
    assert "/port/web-1" in shop("status", "-o", "json").data["problems"]


def test_verify_needs_a_switch_on_this_machine(shop: Damselfly, store_url: str) -> None:
    assert shop("verify").code == 4
    report(store_url, STATUS)
    answer = shop("verify")
    assert (answer.code, "/nowhere/br-int.mgmt" in answer.err) == (4, True)
    assert shop("verify", "--host", "h9").code == 2
