"""apply, get and delete."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import EXAMPLE, Damselfly


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_was_applied_can_be_got(shop: Damselfly) -> None:
    names = [port["name"] for port in shop("get", "ports", "-o", "json").data]
    assert names == ["app-1", "attacker", "bastion", "db-1", "stray", "web-1"]
    port = shop("get", "port", "web-1", "-o", "json").data
    assert port["fixed_ips"] == [{"ip_address": "10.20.0.11"}, {"ip_address": "fd20::11"}]


def test_a_dry_run_writes_nothing(damselfly: Damselfly) -> None:
    answer = damselfly("apply", EXAMPLE, "--dry-run")
    assert (answer.code, "nothing was written" in answer.out) == (0, True)
    assert damselfly("get", "all").code == 3, "there is still no store"


def test_applying_again_changes_nothing(shop: Damselfly) -> None:
    answer = shop("apply", EXAMPLE, "-o", "json").data
    assert (answer["revision"], answer["changes"]) == (1, [])


def test_a_change_is_shown_field_by_field(shop: Damselfly, tmp_path: Path) -> None:
    file = write(tmp_path / "new.yaml", EXAMPLE.read_text().replace("10.20.0.11", "10.20.0.12"))
    answer = shop("apply", file)
    assert '10.20.0.11"}' in answer.out
    assert "revision 2: 1 changed" in answer.out


def test_pruning_leaves_only_what_is_named(shop: Damselfly, tmp_path: Path) -> None:
    file = write(tmp_path / "new.yaml", "networks: [{name: other}]")
    assert shop("apply", "--prune", file).code == 0
    assert [one["id"] for one in shop("get", "networks", "-o", "json").data] == ["other"]
    assert shop("get", "ports", "-o", "json").data == []


def test_all_can_be_exported_and_applied_again(shop: Damselfly, tmp_path: Path) -> None:
    exported = shop("get", "all", "-o", "yaml").out
    file = write(tmp_path / "all.yaml", exported)
    assert shop("apply", "--prune", file, "-o", "json").data["changes"] == []


def test_a_bad_manifest_changes_nothing_and_every_mistake_is_told(
    shop: Damselfly, tmp_path: Path
) -> None:
    text = EXAMPLE.read_text().replace("name: shop\n", "name: shop\n    colour: red\n")
    file = write(tmp_path / "bad.yaml", text.replace("[guest]", "[gest]"))
    before = shop("get", "all", "-o", "json").out
    answer = shop("apply", file)
    assert answer.code == 2
    first, second = answer.err.splitlines()
    assert f"{file}:12: networks[shop].colour: is no known key" in first
    assert "(did you mean guest?)" in second
    assert shop("get", "all", "-o", "json").out == before


def test_files_directories_and_standard_input_are_read(
    damselfly: Damselfly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "policy"
    directory.mkdir()
    write(directory / "a.yaml", "networks: [{name: a}]")
    write(directory / "b.yml", "networks: [{name: b}]")
    write(directory / "notes.txt", "not: policy")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"networks: [{name: c}]")))
    assert damselfly("apply", directory, "-").code == 0
    assert [one["id"] for one in damselfly("get", "networks", "-o", "json").data] == ["a", "b", "c"]


@pytest.mark.parametrize("name", ["missing.yaml", "empty"])
def test_a_file_that_cannot_be_read_is_named(
    damselfly: Damselfly, tmp_path: Path, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    answer = damselfly("apply", tmp_path / name)
    assert answer.code == 2
    assert str(tmp_path / name) in answer.err


@pytest.mark.parametrize("kind", ["networks", "subnets", "ports", "groups", "rules", "all"])
@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_everything_can_be_shown_in_every_form(shop: Damselfly, kind: str, form: str) -> None:
    answer = shop("get", kind, "-o", form)
    assert (answer.code, answer.err) == (0, "")
    assert "\x1b" not in answer.out, "no colour where nobody looks"
    if form != "table":
        assert yaml.safe_load(answer.out)


def test_rules_are_listed_by_group(shop: Damselfly) -> None:
    groups = {rule["security_group_id"] for rule in shop("get", "rules", "db", "-o", "json").data}
    assert groups == {"db"}
    assert shop("get", "rule", "app-logs", "-o", "json").data["port_range_min"] == 5140


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["get", "prots"], "did you mean ports?"),
        (["get", "port", "web-2"], "did you mean web-1?"),
        (["delete", "group", "gest"], "did you mean guest?"),
    ],
)
def test_a_slip_of_the_pen_gets_a_hint(shop: Damselfly, arguments: list[str], hint: str) -> None:
    answer = shop(*arguments)
    assert (answer.code, hint in answer.err) == (2, True)


def test_what_is_in_use_is_not_deleted(shop: Damselfly) -> None:
    for kind, name, user in (
        ("network", "shop", "port app-1"),
        ("group", "web", "port web-1"),
        ("subnet", "shop-ipv6", "port app-1"),
    ):
        answer = shop("delete", kind, name)
        assert answer.code == 2
        assert user in answer.err


def test_what_is_free_is_deleted(shop: Damselfly) -> None:
    assert shop("delete", "port", "attacker").code == 0
    assert shop("delete", "group", "guest").code == 0
    assert shop("delete", "rule", "app-logs").code == 0
    ids = {group["id"] for group in shop("get", "groups", "-o", "json").data}
    assert ids == {"app", "bastion", "db", "default", "web"}


@pytest.mark.parametrize(
    "arguments", [["get", "ports"], ["status"], ["delete", "port", "x"], ["verify"]]
)
def test_a_missing_store_is_said_in_one_line(damselfly: Damselfly, arguments: list[str]) -> None:
    answer = damselfly(*arguments)
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 1
    assert "damselfly apply" in answer.err


@pytest.mark.parametrize("url", ["redis://x", "sqlite://", "sqlite://host/x", "policy.db", ""])
def test_a_store_that_nobody_serves_is_refused(damselfly: Damselfly, url: str) -> None:
    answer = damselfly("get", "ports", "--store", url)
    assert (answer.code, "accepted: sqlite:///" in answer.err) == (2, True)


def test_the_store_may_be_given_before_or_after_the_command(
    shop: Damselfly, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAMSELFLY_STORE", "sqlite:////nowhere/policy.db")
    assert shop("get", "ports").code == 3
    assert shop("--store", store_url, "get", "ports").code == 0
    assert shop("get", "ports", "--store", store_url).code == 0


def test_unreadable_objects_are_named_and_can_be_deleted(
    shop: Damselfly, store_url: str, broken_port: Any
) -> None:
    broken_port(store_url, "web-1")
    answer = shop("get", "ports", "-o", "json")
    assert "/port/web-1" in answer.err
    assert "web-1" not in [port["id"] for port in answer.data]
    assert shop("delete", "port", "web-1").code == 0
    assert shop("get", "ports").err == ""


def test_a_rule_that_matches_nothing_is_told_when_written_and_when_shown(
    damselfly: Damselfly, tmp_path: Path
) -> None:
    file = write(
        tmp_path / "idle.yaml",
        """
security_groups:
  - name: web
    rules:
      - {id: nobody, direction: ingress, remote_group_id: web}
      - {id: everybody, direction: ingress}
""",
    )
    why = "remote group web has no IPv4 member"
    assert f"rule nobody matches nothing now: {why}" in damselfly("apply", file).err
    assert damselfly("status", "-o", "json").data["idle_rules"] == {"nobody": why}
    assert why in damselfly("get", "rules").out


OFFICE = """
address_groups:
  - {name: office, addresses: [198.51.100.0/24]}
security_groups:
  - name: web
    rules:
      - {id: four, direction: ingress, remote_address_group_id: office}
      - {id: six, direction: ingress, ethertype: IPv6, remote_address_group_id: office}
"""


def test_an_address_group_is_shown_and_deleted_once_nobody_names_it(
    damselfly: Damselfly, tmp_path: Path
) -> None:
    file = write(tmp_path / "office.yaml", OFFICE)
    why = "rule six matches nothing now: address group office has no IPv6 address"
    assert why in damselfly("apply", file).err
    (group,) = damselfly("get", "address-groups", "-o", "json").data
    assert group == {"id": "office", "name": "office", "addresses": ["198.51.100.0/24"]}
    assert "198.51.100.0/24" in damselfly("get", "all").out
    assert "address group office" in damselfly("get", "rule", "four").out
    answer = damselfly("delete", "address-group", "office")
    assert answer.code == 2
    assert "rule four, rule six" in answer.err
    write(file, "address_groups: [{name: office}]")
    assert "rule four matches nothing now" in damselfly("apply", file).err
    write(file, "security_groups: [{name: web}]")
    assert damselfly("apply", file).code == 0
    assert damselfly("delete", "address-group", "office").code == 0
    assert damselfly("get", "address-groups", "-o", "json").data == []
