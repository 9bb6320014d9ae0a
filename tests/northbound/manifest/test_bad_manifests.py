"""Manifests that are refused: each mistake is named with line, field and what is accepted."""

from __future__ import annotations

import pytest

from damselfly.northbound.manifest import plan, read

from .refusals import GOOD, NOTHING, only_problem, problems


def test_the_good_one_is_accepted() -> None:
    plan(read([("good.yaml", GOOD.encode())]), NOTHING)


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "words"),
    [
        ("- name: net", "- nmae: net", 2, "networks[0].nmae", "did you mean name"),
        ("cidr: 10.0.0.0/24", "cidr: 10.0.0.0/40", 3, "networks[net].subnets[0].cidr", "prefix"),
        ("cidr: 10.0.0.0/24", "gateway: x", 3, "networks[net].subnets[0].gateway", "gateway_ip"),
        (
            "cidr: 10.0.0.0/24",
            "cidr: 10.0.0.0/24, dhcp_ip: 10.0.1.1",
            3,
            "networks[net].subnets[0].dhcp_ip",
            "outside 10.0.0.0/24",
        ),
        (
            "cidr: 10.0.0.0/24",
            "cidr: 10.0.0.0/24, gateway_ip: 'fd00::1'",
            3,
            "networks[net].subnets[0].gateway_ip",
            "outside",
        ),
        ("subnets:", "segmentation_id: 0\n    subnets:", 3, "networks[net].segmentation_id", "1"),
        ("stateful: false", "stateful: no", 8, "security_groups[loose].stateful", "true or false"),
        ("- name: loose", "- name: web", 7, "security_groups[web]", "1.yaml:5"),
        ("- name: loose", "- name: 7", 7, "security_groups[1].name", "in quotes"),
        ("rules: []", "rules: {}", 6, "security_groups[web].rules", "a list"),
        ("rules: []", "rules:", 6, "security_groups[web].rules", "is empty"),
        ("network_id: net", "network_id: nett", 11, "ports[one].network_id", "did you mean net"),
        ("02:00:00:00:00:01", "01:00:5e:00:00:01", 12, "ports[one].mac_address", "multicast"),
        ("02:00:00:00:00:01", "00:00:00:00:00:00", 12, "ports[one].mac_address", "zero"),
        ("02:00:00:00:00:01", "02:00:00:00:01", 12, "ports[one].mac_address", "no MAC address"),
        ("[10.0.0.4,", "[10.0.1.4,", 13, "ports[one].fixed_ips[0]", "10.0.0.0/24"),
        ("[10.0.0.4,", "[10.0.0.4/24,", 13, "ports[one].fixed_ips[0]", "no IP address"),
        ("[10.0.0.4,", "[{ip: 10.0.0.4},", 13, "ports[one].fixed_ips[0]", "no IP address"),
        ("[10.0.0.4,", "[224.0.0.4,", 13, "ports[one].fixed_ips[0]", "multicast"),
        ("groups: [web]", "groups: [wbe]", 14, "ports[one].security_groups[0]", "mean web"),
        ("groups: [web]", "groups: [web, loose]", 14, "ports[one].security_groups", "stateful"),
        ("groups: [web]", "groups: web", 14, "ports[one].security_groups", "a list"),
        (
            "fixed_ips:",
            "port_security_enabled: false\n    fixed_ips:",
            15,
            "ports[one].security_groups",
            "port_security_enabled",
        ),
    ],
)
def test_a_bad_entry_is_named(old: str, new: str, line: int, path: str, words: str) -> None:
    found = [one for one in problems(GOOD.replace(old, new)) if one.path == path]
    assert len(found) == 1
    assert found[0].line == line
    assert words in found[0].message


@pytest.mark.parametrize(
    ("entry", "path", "words"),
    [
        ("name: a, addresses: [10.0.0.0/33]", "address_groups[a].addresses[0]", "no IP prefix"),
        ("name: a, addresses: [192.0.2.1-192.0.2.9]", "address_groups[a].addresses[0]", "prefix"),
        ("name: a, addresses: [{cidr: x}]", "address_groups[a].addresses[0]", "no IP prefix"),
        ("name: a, addresses: 10.0.0.0/8", "address_groups[a].addresses", "a list"),
        ("name: a, address: 10.0.0.0/8", "address_groups[a].address", "did you mean addresses"),
        ("addresses: [10.0.0.0/8]", "address_groups[0].name", "is missing"),
    ],
)
def test_a_bad_address_group_is_named(entry: str, path: str, words: str) -> None:
    found = only_problem(f"{GOOD}address_groups:\n  - {{{entry}}}\n")
    assert (found.line, found.path) == (16, path)
    assert words in found.message


def test_every_mistake_is_listed_at_once() -> None:
    text = GOOD.replace("cidr: 10.0.0.0/24", "cidr: 10.0.0.0/99").replace("[web]", "[wbe]")
    text = text.replace("rules: []", "rules: [{direction: up}, {direction: ingress, x: 1}]")
    lines = [problem.line for problem in problems(text, "networks: 7")]
    assert lines == [3, 6, 6, 14, 1]


def test_an_entry_that_cannot_be_read_is_missed_by_nobody() -> None:
    text = GOOD.replace("- name: net", "- name: net\n    colour: red")
    assert only_problem(text).path == "networks[net].colour"


def test_two_ports_of_a_network_share_neither_mac_nor_address() -> None:
    twin = GOOD[GOOD.index("  - name: one") :].replace("name: one", "name: two")
    found = problems(GOOD + twin)
    assert [problem.path for problem in found] == [
        "ports[two].mac_address",
        "ports[two].fixed_ips[0]",
        "ports[two].fixed_ips[1]",
    ]


def test_networks_share_no_number() -> None:
    text = "networks: [{name: a, segmentation_id: 5}, {name: b, segmentation_id: 5}]"
    assert only_problem(text).path == "networks[b].segmentation_id"


def test_subnets_of_a_network_do_not_overlap() -> None:
    text = "networks: [{name: a, subnets: [{cidr: 10.0.0.0/8}, {cidr: 10.1.0.0/16}]}]"
    assert "overlaps" in only_problem(text).message


def test_an_id_in_two_files_names_both() -> None:
    found = problems("networks: [{name: a}]", "# again\nnetworks: [{name: a}]")
    assert [str(problem) for problem in found] == [
        "2.yaml:2: networks[a]: 'a' is there already, in 1.yaml:1; ids are unique"
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"", 1, "holds no policy"),
        (b"# nothing\n", 1, "holds no policy"),
        (b"{}", 1, "holds no policy"),
        (b"- a\n- b", 1, "is no mapping"),
        (b"just text", 1, "is no mapping"),
        (b"nets: []", 1, "networks, address_groups, security_groups, ports"),
        (b"networks: net", 1, "is no list"),
        (b"networks:\n\t- name: a", 2, "tab"),
        (b"networks: [", 1, "is no YAML"),
        (b"networks:\n  - name: a\n- b", 3, "is no YAML"),
        (b"networks: []\nports: [\xff]", 2, "UTF-8"),
        ("networks: []".encode("utf-16"), 1, "UTF-8"),
        (b"networks: [\x07]", 1, "is no YAML"),
        (b"networks: []\nports: []\nnetworks: []", 3, "first in line 1"),
        (b"networks: [{name: a, name: b}]", 1, "a second time"),
        (b"--- {networks: []}\n--- {ports: []}", 2, "second document"),
        (b"networks: !!python/object/apply:os.system [x]", 1, "tag"),
        (b"networks: &a [*a]", 1, "stands for nothing"),
        (b"networks: [*b]", 1, "stands for nothing"),
        (b"? [a]\n: b", 1, "plain text"),
        (b"networks: " + b"[" * 1000 + b"]" * 1000, 1, "deep"),
    ],
)
def test_what_is_no_manifest_is_refused(text: bytes, line: int, words: str) -> None:
    problem = only_problem(text)
    assert problem.line == line
    assert words in problem.message


def test_aliases_count_with_all_that_they_repeat() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    assert "values, aliases included" in only_problem(bomb).message


def test_a_huge_file_is_refused() -> None:
    assert "larger than" in only_problem(b"#" * (33 << 20)).message
