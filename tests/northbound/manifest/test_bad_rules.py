"""Rules that are refused: each mistake is named with line, field and what is accepted."""

from __future__ import annotations

import pytest

from .refusals import GOOD, only_problem


def rule(fields: str) -> str:
    return GOOD.replace("rules: []", f"rules:\n      - {{{fields}}}")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ("protocol: tcp", "direction", "is missing"),
        ("direction: in", "direction", "ingress, egress"),
        ("direction: ingress, ethertype: ipv4", "ethertype", "IPv4, IPv6"),
        ("direction: ingress, protocol: tcpp", "protocol", "tcp"),
        ("direction: ingress, protocol: 256", "protocol", "0 to 255"),
        ("direction: ingress, protocol: -1", "protocol", "0 to 255"),
        ("direction: ingress, port: 80", "port", "no known key"),
        ("direction: ingress, remote_group: web", "remote_group", "did you mean remote_group_id"),
        (
            "direction: ingress, protocol: tcp, port_range_min: 80, port_range_max: 79",
            "port_range_min",
            "upside down",
        ),
        ("direction: ingress, protocol: tcp, port_range_min: 80", "port_range_max", "both ends"),
        (
            "direction: ingress, protocol: tcp, port_range_min: 080, port_range_max: 80",
            "port_range_min",
            "leading zeros",
        ),
        (
            "direction: ingress, protocol: tcp, port_range_min: '80', port_range_max: 80",
            "port_range_min",
            "without quotes",
        ),
        (
            "direction: ingress, protocol: tcp, port_range_min: 1, port_range_max: 70000",
            "port_range_max",
            "not above 65535",
        ),
        (
            "direction: ingress, protocol: gre, port_range_min: 1, port_range_max: 2",
            "port_range_min",
            "has no ports",
        ),
        (
            "direction: ingress, protocol: dccp, port_range_min: 1, port_range_max: 2",
            "port_range_min",
            "can match the ports of dccp; accepted: none, which admits all",
        ),
        (
            "direction: ingress, protocol: 136, port_range_min: 80, port_range_max: 80",
            "port_range_min",
            "can match the ports of udplite",
        ),
        (
            "direction: ingress, port_range_min: 1, port_range_max: 2",
            "port_range_min",
            "any protocol has no ports",
        ),
        ("direction: ingress, protocol: icmp, icmp_code: 0", "icmp_code", "needs a type"),
        ("direction: ingress, protocol: icmp, port_range_max: 0", "port_range_max", "needs a type"),
        ("direction: ingress, protocol: icmp, icmp_type: 256", "icmp_type", "not above 255"),
        ("direction: ingress, protocol: icmp, port_range_min: 256", "port_range_min", "0 to 255"),
        ("direction: ingress, protocol: tcp, icmp_type: 0", "icmp_type", "protocol icmp"),
        (
            "direction: ingress, protocol: icmp, icmp_type: 0, port_range_min: 0",
            "icmp_type",
            "one of them",
        ),
        ("direction: ingress, ethertype: IPv4, protocol: icmpv6", "protocol", "not exist in IPv4"),
        ("direction: ingress, remote_ip_prefix: 10.0.0.0/33", "remote_ip_prefix", "no IP prefix"),
        ("direction: ingress, remote_ip_prefix: 10.0.0.256", "remote_ip_prefix", "no IP prefix"),
        ("direction: ingress, remote_ip_prefix: any", "remote_ip_prefix", "no IP prefix"),
        ("direction: ingress, remote_ip_prefix: ", "remote_ip_prefix", "leave the key out"),
        ("direction: ingress, remote_ip_prefix: null", "remote_ip_prefix", "leave the key out"),
        (
            "direction: ingress, ethertype: IPv4, remote_ip_prefix: 'fd00::/8'",
            "remote_ip_prefix",
            "is IPv6",
        ),
        (
            "direction: ingress, remote_ip_prefix: 10.0.0.0/8, remote_group_id: web",
            "remote_group_id",
            "one remote",
        ),
        ("direction: ingress, remote_group_id: wed", "remote_group_id", "did you mean web"),
        (
            "direction: ingress, remote_address_group_id: home",
            "remote_address_group_id",
            "there is no address group 'home'; accepted: none",
        ),
    ],
)
def test_a_bad_rule_is_named(fields: str, field: str, words: str) -> None:
    problem = only_problem(rule(fields))
    assert problem.line == 7
    assert problem.path == f"security_groups[web].rules[0].{field}"
    assert words in problem.message


def test_rules_that_say_the_same_are_one_too_many() -> None:
    text = rule("direction: ingress, protocol: tcp").replace(
        "protocol: tcp}", "protocol: tcp}\n      - {direction: ingress, protocol: 6}"
    )
    assert "1.yaml:7" in only_problem(text).message


def test_a_rule_names_one_remote_at_most() -> None:
    text = rule("direction: ingress, remote_group_id: web, remote_address_group_id: office")
    found = only_problem(f"address_groups: [{{name: office}}]\n{text}")
    assert found.path == "security_groups[web].rules[0].remote_address_group_id"
    assert "cannot stand beside remote_group_id" in found.message


def test_rule_ids_are_unique_across_groups() -> None:
    text = """
security_groups:
  - {name: a, rules: [{id: r, direction: ingress}]}
  - {name: b, rules: [{id: r, direction: ingress}]}
"""
    assert only_problem(text).path == "security_groups[b].rules[0].id"
